import type { Lead } from '../../domain/lead.ts';
import type { ProviderStore } from '../../domain/ports/delivery-queue.ts';
import type { KeyStore } from '../../domain/ports/key-store.ts';
import type {
  AuditEntry,
  AuditStore,
  ConsentStore,
  LeadRecords,
  Page,
  PageRequest,
  RequeueStore,
  StatsStore,
  Tally,
} from '../../domain/ports/lead-records.ts';
import type { ErasureStore, SuppressionStore } from '../../domain/ports/privacy-store.ts';
import type { Hashing } from '../../leads/hashing.ts';
import {
  createPageReader,
  describeQuery,
  type GivenNumber,
  type LeadQuery,
  OperationError,
  readDimensions,
  readFilter,
  readNumber,
} from './input.ts';
import { type RewrapResult, rewrapKeys } from './rewrap.ts';
import { type Selection, type SendAction, select, send } from './selection.ts';
import {
  type AuditView,
  auditView,
  type ConsentView,
  consentView,
  isoTime,
  type LeadDetailsView,
  type LeadView,
  leadDetailsView,
  leadView,
  type StatsView,
  statsView,
  type WaitingView,
  waitingView,
} from './views.ts';

export type { Page, PageRequest };
export type SuppressionView = { readonly hash: string; readonly createdAt: string };

/**
 * The operations of operators, the same for the command line and the admin API. `actor` is `cli:<user>` or `admin`. No result
 * holds personal data unless it is revealed. Every operation that changes data, reveals or exports it (each page), or looks a number up, writes an audit entry.
 *
 * All operations reject with OperationError for invalid input and with StorageUnavailable when the storage fails.
 */
export interface Operations {
  /** Newest first. */
  listLeads(query: LeadQuery, page: PageRequest, actor: string): Promise<Page<LeadView>>;
  countLeads(query: LeadQuery, actor: string): Promise<number>;
  showLead(id: string, options: { actor: string; reveal: boolean }): Promise<LeadDetailsView>;
  /** Selects the leads that an action would send; nothing is changed. */
  selectLeads(
    action: SendAction,
    query: LeadQuery,
    options: { actor: string; max?: number; readMax?: number },
  ): Promise<Selection>;
  /** Queues the selected leads; gives how many were queued. */
  sendLeads(selection: Selection, options: { actor: string; onProgress?: (done: number) => void }): Promise<number>;
  /** Erases the personal data of a number's leads. `suppress` first suppresses the number, so that no new lead of it is sent. */
  erase(number: GivenNumber, options: { actor: string; suppress: boolean }): Promise<{ erased: number }>;
  /** Adds a number to the suppression list; `false` if it was on it already. */
  suppress(number: GivenNumber, actor: string): Promise<boolean>;
  /** Removes a number from the suppression list; `false` if it was not on it. */
  unsuppress(number: GivenNumber, actor: string): Promise<boolean>;
  /** Newest first. */
  suppressions(page: PageRequest): Promise<Page<SuppressionView>>;
  /** Oldest first. */
  consents(query: LeadQuery, page: PageRequest, actor: string): Promise<Page<ConsentView>>;
  stats(): Promise<StatsView>;
  /** Counts leads by the named dimensions, most first. */
  tallies(by: readonly string[]): Promise<readonly Tally[]>;
  /** What waits: leads that are not final, by account, status, cause and the provider's message. */
  waiting(): Promise<readonly WaitingView[]>;
  /** Writes the audit entry for a parked provider account that an operator released. */
  providerReleased(provider: string, actor: string): Promise<void>;
  /** Newest first. */
  audit(page: PageRequest): Promise<Page<AuditView>>;
  /** Wraps the keys of all stored values anew; see `rewrapKeys`. */
  rewrapKeys(options: { actor: string; onProgress?: (done: number, total: number) => void }): Promise<RewrapResult>;
}

type OperationsStore = LeadRecords &
  RequeueStore &
  ConsentStore &
  StatsStore &
  AuditStore &
  ErasureStore &
  SuppressionStore &
  KeyStore &
  Pick<ProviderStore, 'parked'>;

type Parts = {
  readonly store: OperationsStore;
  readonly hashing: Hashing;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when leads were queued, so that the worker of this process polls at once. */
  readonly onQueued?: () => void;
  /** Gives the accounts whose breaker is open in the running gateway; none where that is not known. */
  readonly openBreakers?: () => Promise<readonly string[]>;
  /** The document that would be sent for a lead, with the password masked; `undefined` if none can be. */
  readonly render?: (lead: Lead) => string | undefined;
};

export function createOperations({
  store,
  hashing,
  now,
  onQueued = () => undefined,
  openBreakers = async () => [],
  render = () => undefined,
}: Parts): Operations {
  // The audit is never erased, so an entry says that a number was concerned and nothing that identifies it.
  const audited = (actor: string, action: 'suppress' | 'unsuppress'): AuditEntry => ({
    at: now(),
    actor,
    action,
    count: 1,
    detail: 'one number',
  });

  const readPage = createPageReader(hashing);

  /** Committed before the answer is given: that a number has leads says something of its owner. */
  const recordLookUp = async (query: LeadQuery, actor: string, count: number): Promise<void> => {
    if (query.phone !== undefined)
      await store.record({ at: now(), actor, action: 'look_up', count, detail: describeQuery(query) });
  };

  const suppress = async (number: GivenNumber, actor: string): Promise<boolean> => {
    const hash = readNumber(hashing, number);
    return store.suppress(hash, audited(actor, 'suppress'));
  };

  return {
    async listLeads(query, page, actor) {
      const filter = readFilter(query, hashing, now());
      const { items, ...next } = await readPage('leads', page, (request) => store.list(filter, request));
      await recordLookUp(query, actor, items.length);
      return { items: items.map(leadView), ...next };
    },
    async countLeads(query, actor) {
      const count = await store.count(readFilter(query, hashing, now()));
      await recordLookUp(query, actor, count);
      return count;
    },
    async showLead(id, { actor, reveal }) {
      const audit = { at: now(), actor, action: 'reveal', count: 1, detail: `ids=${id}` } as const;
      const details = reveal ? await store.reveal(id, audit) : await store.show(id);
      if (!details) throw new OperationError('not_found', 'no such lead');
      const document = reveal && details.lead ? render(details.lead) : undefined;
      return { ...leadDetailsView(details, reveal), ...(document !== undefined && { document }) };
    },
    async selectLeads(action, query, { actor, max = Number.POSITIVE_INFINITY, readMax }) {
      const filter = readFilter(query, hashing, now());
      const reasons = [...(await openBreakers())].map((id) => [id, 'breaker'] as const);
      const parked = (await store.parked()).map(({ id }) => [id, 'parked'] as const);
      const blocked = new Map<string, 'breaker' | 'parked'>([...reasons, ...parked]);
      const selection = await select(store, action, {
        ...{ query, filter, max, now: now(), blocked },
        ...(readMax !== undefined && { readMax }),
      });
      await recordLookUp(query, actor, selection.ids.length + selection.skipped);
      return selection;
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
    async suppressions(page) {
      const { items, ...next } = await readPage('suppressions', page, (request) => store.suppressions(request));
      const views = items.map(({ phoneHash, createdAt }) => ({
        hash: phoneHash.toString('hex'),
        createdAt: isoTime(createdAt),
      }));
      return { items: views, ...next };
    },
    async consents(query, page, actor) {
      const filter = readFilter(query, hashing, now());
      const { items, ...next } = await readPage('consents', page, (request) => store.consents(filter, request));
      const part = page.after === undefined ? `${await store.countConsents(filter)} in all` : 'continued';
      const detail = `${describeQuery(query)}; ${part}`;
      await store.record({ at: now(), actor, action: 'consent_export', count: items.length, detail });
      return { items: items.map(consentView), ...next };
    },
    tallies: async (by) => store.tallies(readDimensions(by)),
    waiting: async () => (await store.waiting()).map((group) => waitingView(group, now())),
    async stats() {
      return statsView(await store.stats(), now());
    },
    providerReleased: (provider, actor) =>
      store.record({
        at: now(),
        actor,
        action: 'release',
        count: 0,
        detail: `provider=${provider}, with all leads that wait for it`,
      }),
    rewrapKeys: (options) => rewrapKeys(store, { ...options, now }),
    async audit(page) {
      const { items, ...next } = await readPage('audit', page, (request) => store.audit(request));
      return { items: items.map(auditView), ...next };
    },
  };
}
