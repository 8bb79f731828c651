import { hash, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import type { Test } from 'tap';
import type { Conversation, Lead } from '../../../src/domain/lead.ts';
import type { Partner, Site } from '../../../src/domain/site.ts';
import { type AppDeps, type AppSettings, buildApp } from '../../../src/http/app.ts';
import { createFormGuard } from '../../../src/http/screening/form-guard.ts';
import { createFormTokens } from '../../../src/http/screening/form-token.ts';
import { createProofs } from '../../../src/http/screening/proof.ts';
import { createSignedPages } from '../../../src/leads/cursors.ts';
import { createHashing } from '../../../src/leads/hashing.ts';
import type { SubmitContext } from '../../../src/leads/submit.ts';
import { site } from '../lead.ts';

export const ID = 'cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ';
export const NOW = Date.UTC(2026, 10, 24, 9);
export const KEYS = { acme: 'acme-key-1', acmeNext: 'acme-key-2', roamer: 'roamer-key' } as const;

export const DELIVERED: Conversation = {
  id: ID,
  status: 'delivered',
  attempts: 1,
  createdAt: NOW,
  updatedAt: NOW + 180,
};

/** `demo` accepts any target from any origin; `dealer` is as strict as a site can be. */
const SITES: readonly Site[] = [
  site({ defaultTarget: { advertiserId: '1659' } }),
  site({
    key: 'dealer',
    origins: new Set(['https://dealer.example', 'https://www.dealer.example:8443']),
    targets: { advertiserIds: new Set(['1659']), merchantIds: new Set([50321]) },
    consentRequired: true,
  }),
];

/** `acme` has two keys, one site and a small rate; `roamer` has all sites, and none by default. */
const PARTNERS: readonly Partner[] = [
  {
    id: 'acme',
    keyHashes: [sha256(KEYS.acme), sha256(KEYS.acmeNext)],
    defaultSite: 'dealer',
    sites: new Set(['dealer']),
    targets: { advertiserIds: new Set(['1659']), merchantIds: new Set() },
    rate: { max: 3, windowS: 30 },
  },
  { id: 'roamer', keyHashes: [sha256(KEYS.roamer)], sites: '*', rate: { max: 1000, windowS: 60 } },
];

export type Overrides = { readonly settings?: Partial<AppSettings> } & Partial<Omit<AppDeps, 'settings'>>;

/** The app with fakes behind it: a submit that records and delivers, and a log in memory. */
export async function testApp(t: Test, overrides: Overrides = {}) {
  const submitted: { lead: Lead; context: SubmitContext }[] = [];
  const lines: string[] = [];
  const firstLine = Promise.withResolvers<void>();
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      firstLine.resolve();
      done();
    },
  });
  const app: FastifyInstance = await buildApp({
    submit: async (lead, context) => {
      await context.screen();
      submitted.push({ lead, context });
      return { conversation: DELIVERED, replayed: false };
    },
    find: async (id) => (id === ID ? DELIVERED : undefined),
    partnerList: {
      listOfPartner: async () => ({ items: [] }),
      readPage: createSignedPages(createHashing(Buffer.alloc(32, 7))),
    },
    isReady: async () => ({ ready: true, checks: { storage: 'ok' } }),
    guard: testGuard(),
    files: { widget: async () => undefined },
    logger: pino({ level: 'debug' }, sink),
    version: '1.2.3',
    now: () => NOW,
    ...overrides,
    settings: {
      listen: { host: '127.0.0.1', port: 0 },
      maxConnections: 100,
      trustProxy: [],
      visitorRate: { max: 1000, windowS: 60 },
      deliverWaitMs: 0,
      sites: new Map(SITES.map((each) => [each.key, each])),
      partners: new Map(PARTNERS.map((each) => [each.id, each])),
      ...overrides.settings,
    },
  });
  t.teardown(() => app.close());
  return {
    app,
    submitted,
    /** The lines logged so far. */
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    /** Resolves once anything was logged. */
    logged: () => firstLine.promise,
    /** Starts listening on a free loopback port and gives it. */
    async listen(): Promise<number> {
      await app.listen({ host: '127.0.0.1', port: 0 });
      return (app.server.address() as AddressInfo).port;
    },
  };
}

/** Real tokens and proofs with a key of the tests and a clock that only the test moves. */
export function testGuard(now: () => number = () => NOW, leadsToday = 0) {
  const key = Buffer.alloc(32, 7);
  const tokens = createFormTokens(key, now, randomBytes);
  return createFormGuard(tokens, createProofs(key, now), async () => leadsToday);
}

/** A body that the site `demo` accepts. */
export function goodBody(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { site: 'demo', advertiserId: '1659', consumer: { phone: '(404) 555-1212' }, ...changes };
}

function sha256(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
