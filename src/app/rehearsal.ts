import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createAccounts, createLiveSettings } from '../config/live.ts';
import type { Settings } from '../config/settings.ts';
import type { Lead } from '../domain/lead.ts';
import { LEASE_MS } from '../domain/ports/delivery-queue.ts';
import type { LeadRecord } from '../domain/ports/lead-records.ts';
import { accountOf } from '../domain/provider.ts';
import { type Partner, type Site, TEST_KEY } from '../domain/site.ts';
import { buildApp } from '../http/app.ts';
import { createSignedPages } from '../leads/cursors.ts';
import type { AttemptReport } from '../leads/delivery/attempt.ts';
import { composeDelivery } from '../leads/delivery/compose.ts';
import { capKeys, createHashing } from '../leads/hashing.ts';
import { createSubmit } from '../leads/submit.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { encodeLead } from '../provider/encode.ts';
import type { LogLine } from '../simulator/endpoint.ts';
import { FAULTS } from '../simulator/faults/table.ts';
import { openOutbox } from '../store/open.ts';
import { createVault } from '../store/vault.ts';
import { createDisposers } from './services.ts';
import { createTestProvider } from './test-provider.ts';

/** The names of the faults that a rehearsal can have. */
export const FAULT_NAMES: readonly string[] = FAULTS.map(({ name }) => name);

export type RehearsalRequest = {
  readonly site: Site;
  /** Sends the lead with a key; without it a visitor's browser sends it from `origin`. */
  readonly partner?: Partner;
  readonly origin?: string;
  /** The body of `POST /conversations`. */
  readonly body: object;
  /** A fault of the simulator. */
  readonly fault?: string;
};

/** The result of the lead. A step that was not reached is absent. */
export type Rehearsal = {
  readonly answer: { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
  readonly lead?: Lead;
  /** The document as the account sends it, with its password masked. */
  readonly document?: string;
  /** The simulator's part in it. */
  readonly call?: LogLine;
  readonly attempt?: AttemptReport;
  readonly record?: LeadRecord;
  /** The callbacks that would be sent: their receivers and bodies. */
  readonly callbacks: readonly { readonly url: string; readonly body: Readonly<Record<string, unknown>> }[];
};

/**
 * Sends one test lead through the gateway's own parts, from the request to the callbacks, over a store of its own, which is removed
 * afterwards. No socket is opened: the request is injected, and the simulator answers in memory.
 */
export async function rehearse(settings: Settings, request: RehearsalRequest): Promise<Rehearsal> {
  const { site, partner, origin, body, fault } = request;
  const disposers = createDisposers(() => undefined);
  try {
    const folder = await mkdtemp(join(tmpdir(), 'rehearsal-'));
    disposers.add(() => rm(folder, { recursive: true, force: true }));
    const key = `${TEST_KEY}${randomBytes(32).toString('base64url')}`;
    const live = createLiveSettings({
      ...settings,
      listen: { host: '127.0.0.1', port: 0 },
      sites: new Map([[site.key, { ...site, test: true }]]),
      partners: new Map(
        partner ? [[partner.id, { ...partner, keyHashes: [createHash('sha256').update(key).digest()] }]] : [],
      ),
    });
    const hashing = createHashing(randomBytes(32));
    const outbox = await openOutbox(
      { kind: 'sqlite', path: join(folder, 'rehearsal.db') },
      {
        vault: createVault([randomBytes(32)]),
        hashCheck: hashing.check(),
        owner: 'rehearsal',
        leaseMs: LEASE_MS,
        waitMs: settings.deliverWaitMs,
        messageKey: hashing.message,
        capKeys: (ofSite, phoneHash, test) => capKeys(hashing, ofSite, phoneHash, test),
      },
    );
    disposers.add(() => outbox.close());
    const receivers = [...(partner?.callbacks ?? []), ...(site.callbacks ?? [])].map(({ url }, n) => ({
      url,
      destination: `callback:${n}`,
    }));
    await outbox.subscribe(
      receivers.map(({ destination }, n) =>
        partner && n < (partner.callbacks?.length ?? 0)
          ? { destination, partner: partner.id }
          : { destination, site: site.key },
      ),
    );

    const accounts = createAccounts(live.current, hashing.credentials);
    let lead: Lead | undefined;
    let call: LogLine | undefined;
    let attempt: AttemptReport | undefined;
    const provider = createTestProvider({
      account: accounts.get,
      patterns: live.failurePatterns,
      timeoutMs: settings.upstreamTimeoutMs,
      fault,
      onCall(line) {
        call = line;
      },
    });
    disposers.add(() => provider.close());
    const { delivery } = composeDelivery({
      outbox,
      upstream: {
        send(sent) {
          lead = sent;
          return provider.send(sent);
        },
      },
      accounts,
      credentials: accounts.credentials,
      rules: live.retryRules,
      report(report) {
        attempt = report;
      },
      onBreaker: () => undefined,
      onReleased: () => undefined,
      onFault: () => undefined,
      onTakenOver: () => undefined,
      clock,
      random: Math.random,
      leaseMs: LEASE_MS,
    });
    const submit = createSubmit({
      store: outbox,
      delivery,
      hashing,
      dailyMax: live.dailyMax,
      onUnrecorded: () => undefined,
      onQueued: () => undefined,
      waitMs: settings.deliverWaitMs,
      clock,
    });
    const app = await buildApp({
      settings: live.view,
      submit,
      find: outbox.find,
      partnerList: { listOfPartner: outbox.listOfPartner, readPage: createSignedPages(hashing) },
      // A rehearsal is no visitor, and would have to wait as long as one.
      guard: { issue: async () => ({ formToken: '' }), check: async () => ({ suspect: false, uses: [] }) },
      files: { widget: async () => undefined },
      isReady: async () => ({ ready: true, checks: {} }),
      logger: pino({ level: 'silent' }),
      version: '0',
    });
    disposers.add(() => app.close());
    const reply = await app.inject({
      method: 'POST',
      url: '/conversations',
      headers: {
        'content-type': 'application/json',
        ...(partner ? { authorization: `Bearer ${key}` } : origin !== undefined && { origin }),
      },
      payload: JSON.stringify(body),
    });
    await delivery.idle();

    const answer = { status: reply.statusCode, body: reply.json() as Record<string, unknown> };
    const id = answer.body.id;
    const record = typeof id === 'string' ? (await outbox.list({ ids: [id] }, { limit: 1 })).items[0] : undefined;
    const callbacks = [];
    for (const { url, destination } of receivers)
      for (const message of await outbox.claimOutgoing(destination, 10, clock.now() + LEASE_MS))
        callbacks.push({ url, body: JSON.parse(message.body) as Record<string, unknown> });
    return {
      answer,
      ...(lead && { lead, document: documentOf(lead, settings) }),
      ...(call && { call }),
      ...(attempt && { attempt }),
      ...(record && { record }),
      callbacks,
    };
  } finally {
    await disposers.dispose();
  }
}

function documentOf(lead: Lead, { providers }: Pick<Settings, 'providers'>): string {
  const account = providers.get(accountOf(lead.provider));
  if (!account) throw new Error('a site names an account that is not configured');
  return encodeLead(lead, { ...account, password: '********' });
}
