import { pino } from 'pino';
import { buildAdminApp } from '../../src/admin/api/app.ts';
import { createEntryOperations } from '../../src/admin/operations/entries.ts';
import { createOperations } from '../../src/admin/operations/operations.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { hashing } from '../../test/support/outbox.ts';
import { SINCE } from './fill.ts';

const NOW = SINCE + 3_000_000_000;
/** No page of the console may take longer. */
export const LIMIT_MS = 300;

const id = (n: number): string => `cnv_${String(n).padStart(30, '0')}`;
const OLDEST_DAY = 'until=2026-11-02';

/** Every page of the console, and the list with every filter alone, in pairs, and with nothing to find. */
export const PAGES: readonly string[] = [
  '',
  '/leads',
  ...['queued', 'delivered', 'rejected', 'held', 'unknown', 'parked'].map((status) => `/leads?status=${status}`),
  ...['refused', 'provider', 'schedule', 'suspect', 'site_cap'].map((cause) => `/leads?cause=${cause}`),
  '/leads?site=site-7',
  '/leads?site=nowhere',
  '/leads?partner=nobody',
  '/leads?provider=account-1',
  '/leads?provider=nothing',
  '/leads?since=1h',
  `/leads?${OLDEST_DAY}`,
  '/leads?site=site-7&cause=schedule',
  '/leads?site=site-7&status=held',
  '/leads?site=site-7&status=rejected&cause=refused',
  `/leads?site=site-7&${OLDEST_DAY}`,
  `/leads?status=parked&${OLDEST_DAY}`,
  `/leads?status=held&${OLDEST_DAY}`,
  '/leads?provider=account-1&status=queued',
  '/leads?provider=account-2&status=parked&cause=refused',
  '/leads?provider=account-1&site=site-7',
  '/leads?provider=account-1&site=site-2',
  '/leads?provider=account-3&status=rejected',
  '/leads?provider=account-1&since=2026-11-02&until=2026-11-03',
  `/leads/${id(1)}`,
  `/leads/${id(500_000)}`,
  '/providers',
  '/suppressions',
  '/audit',
  '/configuration',
  '/runbook',
];

/** The forms whose answers are pages, with the fields of each. */
export const FORMS: readonly (readonly [path: string, fields: Readonly<Record<string, string>>])[] = [
  ['/leads/search', { phone: '+14045551212' }],
  [`/leads/${id(2)}/reveal`, {}],
  ['/suppressions/erase', { phone: '+14045551212' }],
  ['/leads/preview', { action: 'release', status: 'parked', cause: 'refused' }],
  ['/leads/preview', { action: 'release', status: 'parked' }],
  ['/leads/preview', { action: 'retry', provider: 'account-3' }],
  ['/leads/preview', { action: 'replay', site: 'site-7' }],
];

/** Prints how long each page takes, the second time it is opened. */
export async function measurePages(outbox: Outbox): Promise<void> {
  const app = await buildAdminApp({
    operations: createOperations({ store: outbox, hashing, now: () => NOW }),
    entries: createEntryOperations({
      store: outbox,
      checker: () => Promise.reject(new Error('No page that is measured changes an entry.')),
      now: () => NOW,
    }),
    version: '0',
    findPartner: () => undefined,
    listOfPartner: outbox.listOfPartner,
    tokens: { admin: 'x'.repeat(32), operators: () => [] },
    state: {
      providers: async () => [{ id: 'account-1', region: 'na', endpoint: 'https://na.example', refusedInARow: 0 }],
      breakers: () => new Map(),
      refusedSettings: () => undefined,
      replicas: outbox.replicas,
      notified: async () => [],
      callbacks: async () => [],
      releaseProvider: async () => undefined,
    },
    console: {
      activity: outbox,
      database: 'a million leads',
      sessionKey: Buffer.alloc(16, 3),
      configuration: () => ({ summary: {}, changed: [], loaded: { at: '2026-11-24T12:00:00Z', needsRestart: [] } }),
      open: { name: 'bench', role: 'admin' },
    },
    logger: pino({ enabled: false }),
    now: () => NOW,
  });
  const headers = { host: '127.0.0.1' };
  const formToken = /name="formToken" value="([^"]+)"/.exec((await app.inject({ url: '/console', headers })).body)?.[1];
  console.log('page of the console'.padEnd(76), 'took, ms');
  const measure = async (name: string, ask: () => Promise<{ statusCode: number }>): Promise<void> => {
    await ask();
    const begun = performance.now();
    const { statusCode } = await ask();
    const took = performance.now() - begun;
    const note = statusCode === 200 ? '' : ` status ${statusCode}`;
    console.log(name.padEnd(76), took.toFixed(1), `${took > LIMIT_MS ? 'TOO LONG' : ''}${note}`.trim());
  };
  for (const page of PAGES) await measure(page || '/', () => app.inject({ url: `/console${page}`, headers }));
  for (const [path, fields] of FORMS) {
    const payload = new URLSearchParams({ ...fields, formToken: formToken ?? '' }).toString();
    const form = {
      method: 'POST',
      url: `/console${path}`,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      payload,
    } as const;
    await measure(`${path} ${JSON.stringify(fields)}`, () => app.inject(form));
  }
  await app.close();
}
