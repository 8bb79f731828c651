import type { EntryChange, EntryKind, EntryState, EntryStore, StoredEntry } from '../domain/ports/entry-store.ts';
import type { ProviderAccount } from '../domain/provider.ts';
import { ORIGIN_MAX, type Partner, type Site, type StoredSites } from '../domain/site.ts';
import { createReadThrough } from '../lib/cache.ts';
import type { Clock } from '../lib/clock.ts';

/** Sites, and sites that do not exist, which are kept in memory; up to twice as many. */
const SITES_KEPT = 5_000;
/** Origins of which it is kept whether any site has them; up to twice as many. */
const ORIGINS_KEPT = 20_000;
/** In characters, as the schema has it. */
const KEY_MAX = 64;
/** How often changes are looked for where no other process tells of them. */
const POLL_MS = 1_000;
/** Changes, or entries, that are read at once. */
const CHUNK = 200;

/** The partners and accounts of the store. They are few, and all of them are in memory. */
export type StoredParts = {
  readonly partners: ReadonlyMap<string, Partner>;
  readonly providers: ReadonlyMap<string, ProviderAccount>;
};

/** The entries of the configuration that are kept in the store, as this process uses them. */
export interface StoredEntries {
  readonly sites: StoredSites;
  readonly parts: () => StoredParts;
  /** The kinds are those of the start. */
  readonly state: () => EntryState;
  /** Reads the entries, and follows their changes from then on. Rejects with `StorageUnavailable`. */
  start(): Promise<void>;
  /** Looks for changes now. Resolves when those that are committed are in effect here, or when the storage failed. */
  poll(): Promise<void>;
  /** Builds the accounts anew, because what they are built with has changed. Never rejects. */
  rebuild(): Promise<void>;
  stop(): Promise<void>;
}

type Parts = {
  readonly store: Pick<
    EntryStore,
    'readEntries' | 'pageOfEntries' | 'entryChanges' | 'entryState' | 'hasCallbacks' | 'siteOrigins'
  >;
  readonly build: {
    readonly site: (entry: StoredEntry) => Site;
    readonly partner: (entry: StoredEntry) => Partner;
    readonly provider: (entry: StoredEntry) => ProviderAccount;
  };
  /** Called when changes are in effect: with the names of up to `CHUNK` changed entries. */
  readonly onChange: (changes: readonly EntryChange[]) => void;
  /** An entry is not usable: no configured key opens its secrets. It counts as absent. */
  readonly onUnreadable: (entry: StoredEntry, error: unknown) => void;
  /** Changes cannot be read; called once until they can be read again. */
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
};

/**
 * Sites are read when a request first needs them, and kept in a bounded cache, so that start and memory do not grow with their
 * number. A change is known by its place in the sequence of changes: after each, what was kept of its entry is dropped.
 */
export function createStoredEntries({ store, build, onChange, onUnreadable, onFault, clock }: Parts): StoredEntries {
  let state: EntryState = { seq: 0, kinds: new Set(), callbacks: false };
  let parts: StoredParts = { partners: new Map(), providers: new Map() };
  let polling: Promise<void> | undefined;
  let again: Promise<void> | undefined;
  let failing = false;
  let stopped = true;
  let cancel: (() => void) | undefined;

  const usable = <Built>(entries: readonly StoredEntry[], make: (entry: StoredEntry) => Built): Map<string, Built> => {
    const built = new Map<string, Built>();
    for (const entry of entries) {
      try {
        if (entry.secrets === undefined) throw new Error('No configured DATA_KEY opens its secrets.');
        built.set(entry.key, make(entry));
      } catch (error) {
        onUnreadable(entry, error);
      }
    }
    return built;
  };

  const sites = createReadThrough<Site>({
    read: async (keys) => usable(await store.readEntries('site', keys), build.site),
    max: SITES_KEPT,
  });
  const origins = createReadThrough<true>({
    read: async (asked) => new Map((await store.siteOrigins(asked)).map((origin) => [origin, true])),
    max: ORIGINS_KEPT,
  });

  const readAll = async <Built>(kind: EntryKind, make: (entry: StoredEntry) => Built): Promise<Map<string, Built>> => {
    const all = new Map<string, Built>();
    for (let after: string | undefined; ; ) {
      const page = await store.pageOfEntries(kind, { limit: CHUNK, ...(after !== undefined && { after }) });
      for (const [key, built] of usable(page.items, make)) all.set(key, built);
      if (page.next === undefined) return all;
      after = page.next;
    }
  };

  /** The entries of a kind after changes of some of them. */
  const changed = async <Built>(
    kind: EntryKind,
    changes: readonly EntryChange[],
    before: ReadonlyMap<string, Built>,
    make: (entry: StoredEntry) => Built,
  ): Promise<ReadonlyMap<string, Built>> => {
    const keys = [...new Set(changes.flatMap((change) => (change.kind === kind ? [change.key] : [])))];
    if (keys.length === 0) return before;
    const built = usable(await store.readEntries(kind, keys), make);
    return new Map([...[...before].filter(([key]) => !keys.includes(key)), ...built]);
  };

  const follow = async (): Promise<void> => {
    for (;;) {
      const changes = await store.entryChanges(state.seq, CHUNK);
      if (changes.length === 0) return;
      const partners = await changed('partner', changes, parts.partners, build.partner);
      const providers = await changed('provider', changes, parts.providers, build.provider);
      if (partners !== parts.partners || providers !== parts.providers) parts = { partners, providers };
      for (const { kind, key, origins: touched } of changes) {
        if (kind !== 'site') continue;
        sites.forget(key);
        if (touched === undefined) origins.clear();
        else for (const origin of touched) origins.forget(origin);
      }
      state = { ...state, seq: changes.at(-1)?.seq ?? state.seq };
      if (changes.length < CHUNK) {
        state = { ...state, callbacks: await store.hasCallbacks() };
      }
      onChange(changes);
    }
  };

  const run = async (): Promise<void> => {
    try {
      await follow();
      failing = false;
    } catch (error) {
      if (!failing) onFault(error);
      failing = true;
    }
  };

  const poll = (): Promise<void> => {
    if (!polling) {
      polling = run().finally(() => {
        polling = undefined;
      });
      return polling;
    }
    // The poll under way may have read the changes before the change that the caller asks for.
    again ??= polling.then(() => {
      again = undefined;
      return poll();
    });
    return again;
  };

  const schedule = (): void => {
    cancel = clock.after(POLL_MS, () => {
      void poll().then(() => {
        if (!stopped) schedule();
      });
    });
  };

  return {
    sites: {
      // A text that is too long to be a key or an origin is never kept: strangers choose it.
      peek: (key) => (key.length > KEY_MAX ? null : sites.peek(key)),
      find: (key) => (key.length > KEY_MAX ? undefined : sites.find(key)),
      allows(origin) {
        if (origin.length > ORIGIN_MAX) return false;
        const found = origins.find(origin);
        return found instanceof Promise ? found.then((has) => has === true) : found === true;
      },
    },
    parts: () => parts,
    state: () => state,
    async start() {
      // The place first: what changes while the entries are read is read once more.
      state = await store.entryState();
      if (state.kinds.has('partner')) parts = { ...parts, partners: await readAll('partner', build.partner) };
      if (state.kinds.has('provider')) parts = { ...parts, providers: await readAll('provider', build.provider) };
      stopped = false;
      schedule();
    },
    poll,
    async rebuild() {
      if (parts.providers.size === 0) return;
      await readAll('provider', build.provider).then((providers) => {
        parts = { ...parts, providers };
      }, onFault);
    },
    async stop() {
      stopped = true;
      cancel?.();
      await (again ?? polling);
    },
  };
}
