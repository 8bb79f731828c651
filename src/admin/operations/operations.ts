import type {
  AuditEntry,
  AuditStore,
  ConsentStore,
  Filter,
  LeadRecords,
  Page,
  PageRequest,
  RequeueStore,
  StatsStore,
} from '../../domain/ports/lead-records.ts';
import { InvalidCursor } from '../../domain/ports/outbox.ts';
import type { ErasureStore, SuppressionStore } from '../../domain/ports/privacy-store.ts';
import type { Hashing } from '../../leads/hashing.ts';
import { OperationError } from './error.ts';
import { describeQuery, type LeadQuery, readFilter } from './filter.ts';
import { type GivenNumber, readNumber } from './number.ts';
import { type Selection, type SendAction, select } from './selection.ts';
import { send } from './send.ts';
import { isoTime } from './time.ts';
import {
  type AuditView,
  auditView,
  type ConsentView,
  consentView,
  type LeadDetailsView,
  type LeadView,
  leadDetailsView,
  leadView,
  type StatsView,
  statsView,
} from './views.ts';

export type { Page, PageRequest };
export type SuppressionView = { readonly hash: string; readonly createdAt: string };

/**
 * What operators can do, the same from the command line and over the admin API. `actor` is `cli:<user>` or `admin`.
 * Nothing that is returned holds personal data unless it was asked to be revealed; what changes or reveals leaves an audit
 * entry.
 *
 * All reject with OperationError for what was asked wrongly and with StorageUnavailable where the storage fails.
 */
export interface Operations {
  /** Newest first. */
  listLeads(query: LeadQuery, page: PageRequest): Promise<Page<LeadView>>;
  countLeads(query: LeadQuery): Promise<number>;
  showLead(id: string, options: { actor: string; reveal: boolean }): Promise<LeadDetailsView>;
  /** What an action would send; nothing is changed. */
  selectLeads(action: SendAction, query: LeadQuery, max?: number): Promise<Selection>;
  /** Queues what was selected; gives how many. */
  sendLeads(selection: Selection, options: { actor: string; onProgress?: (done: number) => void }): Promise<number>;
  /** Removes every trace of a number; `suppress` also puts it on the list first, so that none of it comes back. */
  erase(number: GivenNumber, options: { actor: string; suppress: boolean }): Promise<{ erased: number }>;
  /** Gives whether it was not on the list yet. */
  suppress(number: GivenNumber, actor: string): Promise<boolean>;
  /** Gives whether it was on the list. */
  unsuppress(number: GivenNumber, actor: string): Promise<boolean>;
  suppressions(): Promise<readonly SuppressionView[]>;
  /** Oldest first. The first page leaves the audit entry of the export. */
  consents(query: LeadQuery, page: PageRequest, actor: string): Promise<Page<ConsentView>>;
  stats(): Promise<StatsView>;
  /** Leaves the audit entry of a parked provider that an operator took into use again. */
  providerReleased(provider: string, actor: string): Promise<void>;
  /** Newest first. */
  audit(page: PageRequest): Promise<Page<AuditView>>;
}

const COUNTED_PAGE = 500;

type OperationsStore = LeadRecords &
  RequeueStore &
  ConsentStore &
  StatsStore &
  AuditStore &
  ErasureStore &
  SuppressionStore;

type Parts = {
  readonly store: OperationsStore;
  readonly hashing: Hashing;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told that leads were queued, so that a worker in this process looks at once. */
  readonly onQueued?: () => void;
};

export function createOperations({ store, hashing, now, onQueued = () => undefined }: Parts): Operations {
  // The audit is kept for good: it tells that a number was meant and nothing by which to find out which.
  const audited = (actor: string, action: 'suppress' | 'unsuppress'): AuditEntry => ({
    at: now(),
    actor,
    action,
    count: 1,
    detail: 'one number',
  });

  const suppress = async (number: GivenNumber, actor: string): Promise<boolean> => {
    const hash = readNumber(hashing, number);
    return store.suppress(hash, audited(actor, 'suppress'));
  };

  return {
    async listLeads(query, page) {
      const { items, next } = await known(store.list(readFilter(query, hashing, now()), page));
      return { items: items.map(leadView), ...(next !== undefined && { next }) };
    },
    countLeads: async (query) => store.count(readFilter(query, hashing, now())),
    async showLead(id, { actor, reveal }) {
      const audit = { at: now(), actor, action: 'reveal', count: 1, detail: `ids=${id}` } as const;
      const details = reveal ? await store.reveal(id, audit) : await store.show(id);
      if (!details) throw new OperationError('not_found', 'no such lead');
      return leadDetailsView(details, reveal);
    },
    async selectLeads(action, query, max = Number.POSITIVE_INFINITY) {
      return select(store, action, { query, filter: readFilter(query, hashing, now()), max });
    },
    async sendLeads(selection, options) {
      const queued = await send(store, selection, { ...options, now });
      if (queued > 0) onQueued();
      return queued;
    },
    async erase(number, options) {
      const hash = readNumber(hashing, number);
      if (options.suppress) await suppress(number, options.actor);
      const detail = options.suppress ? 'one number, suppressed from now on' : 'one number';
      const audit = { at: now(), actor: options.actor, action: 'erase', count: 1, detail } as const;
      return { erased: await store.erase(hash, { now: now(), audit }) };
    },
    suppress,
    async unsuppress(number, actor) {
      const hash = readNumber(hashing, number);
      return store.unsuppress(hash, audited(actor, 'unsuppress'));
    },
    async suppressions() {
      const entries = await store.suppressions();
      return entries.map(({ phoneHash, createdAt }) => ({
        hash: phoneHash.toString('hex'),
        createdAt: isoTime(createdAt),
      }));
    },
    async consents(query, page, actor) {
      const filter = readFilter(query, hashing, now());
      if (page.after === undefined) {
        const detail = describeQuery(query);
        await store.record({
          at: now(),
          actor,
          action: 'consent_export',
          count: await countConsents(store, filter),
          detail,
        });
      }
      const { items, next } = await known(store.consents(filter, page));
      return { items: items.map(consentView), ...(next !== undefined && { next }) };
    },
    async stats() {
      return statsView(await store.stats(), now());
    },
    providerReleased: (provider, actor) =>
      store.record({
        at: now(),
        actor,
        action: 'release',
        count: 0,
        detail: `provider=${provider}, with all that waits for it`,
      }),
    async audit(page) {
      const { items, next } = await known(store.audit(page));
      return { items: items.map(auditView), ...(next !== undefined && { next }) };
    },
  };
}

/** What an export is about to give; only leads with consent are part of it, and that is sealed. */
async function countConsents(store: ConsentStore, filter: Filter): Promise<number> {
  let count = 0;
  let after: string | undefined;
  do {
    const page = await store.consents(filter, { limit: COUNTED_PAGE, ...(after !== undefined && { after }) });
    count += page.items.length;
    after = page.next;
  } while (after !== undefined);
  return count;
}

/** A page whose cursor may be an operator's own invention. */
async function known<T>(page: Promise<T>): Promise<T> {
  try {
    return await page;
  } catch (error) {
    if (!(error instanceof InvalidCursor)) throw error;
    throw new OperationError('invalid', 'after: use the cursor that the page before gave');
  }
}
