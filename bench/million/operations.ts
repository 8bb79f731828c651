import type { AuditEntry, Filter } from '../../src/domain/ports/lead-records.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { entry, newLead } from '../../test/support/outbox.ts';
import { NUMBER, SINCE } from './fill.ts';

type Operation = (outbox: Outbox) => Promise<unknown>;

/** Later than everything that is stored. */
const NOW = SINCE + 3_000_000_000;
const AUDIT: AuditEntry = { at: NOW, actor: 'cli:bench', action: 'replay', count: 0, detail: 'all' };

const list =
  (filter: Filter): Operation =>
  (outbox) =>
    outbox.list(filter, { limit: 50 });

/** As retention does it: chunk after chunk, with a turn of the event loop between them. */
async function chunks(run: () => Promise<number | boolean>, most: number): Promise<void> {
  for (let n = 0; n < most && (await run()); n += 1) await new Promise<void>((resume) => setImmediate(resume));
}

/** What a gateway, its worker and its operators do with the store, by name. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'accept a lead': (outbox) => outbox.accept(newLead(), NOW),
  'readiness check': (outbox) => outbox.ready(),
  'open counts (/metrics)': (outbox) => outbox.openCounts(),
  stats: (outbox) => outbox.stats(),
  list: list({}),
  'list by site': list({ site: 'site-7' }),
  'list by cause': list({ cause: ['refused'] }),
  'list by status parked': list({ status: ['parked'] }),
  'list by status queued': list({ status: ['queued'] }),
  'list by site and cause, nothing matches': list({ site: 'site-7', cause: ['schedule'] }),
  'list by partner, nothing matches': list({ partner: 'nobody' }),
  'list by time, the oldest day': list({ until: SINCE + 86_400_000 }),
  'list by number': list({ phoneHash: NUMBER }),
  'count by site': (outbox) => outbox.count({ site: 'site-7' }),
  'count by number': (outbox) => outbox.count({ phoneHash: NUMBER }),
  'consents, 20 of 10,000 steps of noting those of the former release': (outbox) => {
    let cursor: string | undefined;
    return chunks(async () => {
      cursor = await outbox.flagConsents(cursor);
      return cursor !== undefined;
    }, 20);
  },
  'claim 32 due leads': (outbox) => outbox.claim({ providers: ['account-3'], limit: 32, now: NOW }),
  'claim a probe of a region': (outbox) =>
    outbox.claim({ providers: ['account-3'], limit: 1, now: NOW, probing: true }),
  'claim a probe of a parked account': (outbox) => outbox.claimProbe('account-1', NOW),
  'next due time': (outbox) => outbox.nextDue(['account-1', 'account-3']),
  'park 2,000 queued leads': (outbox) => chunks(() => outbox.parkQueued('account-3', 200, NOW), 10),
  'release 2,000 waiting leads': (outbox) => chunks(() => outbox.releaseWaiting('account-1', 200, NOW), 10),
  'release 2,000 leads by cause': (outbox) =>
    chunks(async () => (await outbox.requeue({ cause: ['refused'] }, 200, AUDIT)).length, 10),
  audit: (outbox) => outbox.audit({ limit: 50 }),
  'suppressions, a page of 10,000': (outbox) => outbox.suppressions({ limit: 50 }),
  'suppress a number': (outbox) => outbox.suppress(Buffer.alloc(16, 1), entry('suppress', NOW)),
  'remove a suppression': (outbox) => outbox.unsuppress(Buffer.alloc(16, 1), entry('unsuppress', NOW)),
  'erase a number with 100 leads': (outbox) => outbox.erase(NUMBER, { now: NOW, audit: { ...AUDIT, action: 'erase' } }),
  'retention: 10,000 leads': (outbox) => chunks(async () => (await outbox.expire(NOW, 200)) > 0, 50),
  'purge: 10,000 expired counters': (outbox) => chunks(async () => (await outbox.purge(SINCE, 200)) > 0, 50),
  'purge: 10,000 expired requests': (outbox) => chunks(async () => (await outbox.purge(SINCE + 4e9, 200)) > 0, 50),
  'daily scrub': (outbox) => outbox.scrub(),
};
