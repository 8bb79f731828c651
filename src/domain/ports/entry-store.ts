import type { Page, PageRequest } from './lead-records.ts';

/** The entries of the configuration that may be kept in the store instead of in a file. */
export const ENTRY_KINDS = ['site', 'partner', 'provider'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export type EntryName = { readonly kind: EntryKind; readonly key: string };

/** Secrets of an entry by the JSON pointer (RFC 6901) of their place in its content. */
export type EntrySecrets = Readonly<Record<string, string>>;

/** A reference to another entry. `elsewhere`: the configuration file has it, so that the store need not. */
export type EntryUse = EntryName & { readonly elsewhere?: true };

/** A valid entry as it is stored. */
export type NewEntry = EntryName & {
  /** For people: the name of a site. */
  readonly title: string;
  /** JSON, without secrets. */
  readonly content: string;
  readonly secrets: EntrySecrets;
  /** The origins of a site, `*` for any. */
  readonly origins: readonly string[];
  readonly uses: readonly EntryUse[];
  /** How many receivers of callbacks it has. */
  readonly callbacks: number;
  /** The version that is to be replaced: 0 for none. Absent: any. */
  readonly expected?: number;
};

export type EntrySummary = EntryName & {
  readonly title: string;
  readonly version: number;
  /** When and by whom this version was stored. */
  readonly at: number;
  readonly actor: string;
};

export type StoredEntry = EntrySummary & {
  readonly content: string;
  /** Absent if no configured key opens them. */
  readonly secrets?: EntrySecrets;
};

/** A version of an entry, with its content as it was stored, without secrets. A removal has no content. */
export type EntryVersion = {
  readonly version: number;
  readonly at: number;
  readonly actor: string;
  readonly content?: string;
};

/** The person who changes entries, and the time. */
export type EntryAuthor = { readonly actor: string; readonly at: number };

export type PutResult =
  | {
      readonly kind: 'stored';
      /** One for each entry, in their order. An entry that changed nothing keeps its version. */
      readonly entries: readonly { readonly version: number; readonly change: 'created' | 'replaced' | 'unchanged' }[];
    }
  /** Nothing was stored: `entry` has another version than expected, 0 for none. */
  | { readonly kind: 'conflict'; readonly entry: EntryName; readonly version: number }
  /** Nothing was stored: `entry` refers to one that does not exist. */
  | { readonly kind: 'missing'; readonly entry: EntryName; readonly uses: EntryName };

export type RemoveResult =
  | { readonly kind: 'removed'; readonly version: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'conflict'; readonly version: number }
  /** Others refer to it: the first few of them. */
  | { readonly kind: 'in_use'; readonly users: readonly EntryName[] };

/** A change of an entry. `seq` ascends in the order of the commits. */
export type EntryChange = EntryName & {
  readonly seq: number;
  /** Origins that a site gained or lost; absent where there are too many to list. */
  readonly origins?: readonly string[];
};

/** Which entries are stored, and the place of the latest change. */
export type EntryState = {
  readonly seq: number;
  /** The kinds of which any entry is stored. Counting them would take longer the more there are. */
  readonly kinds: ReadonlySet<EntryKind>;
  /** Whether any entry has receivers of callbacks. */
  readonly callbacks: boolean;
};

/**
 * Entries of the configuration, each with all its versions. Every change writes an audit entry in its transaction, and makes the
 * receivers of callbacks of an entry known to `CallbackStore`. Every method rejects with `StorageUnavailable`.
 */
export interface EntryStore {
  /** Stores entries, all of them or none. */
  putEntries(entries: readonly NewEntry[], author: EntryAuthor): Promise<PutResult>;
  /** @param expected the version that is to be removed; absent: any */
  removeEntry(name: EntryName, author: EntryAuthor, expected?: number): Promise<RemoveResult>;
  /** The entries of these keys that exist, in any order. */
  readEntries(kind: EntryKind, keys: readonly string[]): Promise<readonly StoredEntry[]>;
  /** The entries of a kind by ascending key, with their content; the cursor is the last key. */
  pageOfEntries(kind: EntryKind, page: PageRequest): Promise<Page<StoredEntry>>;
  /** As `pageOfEntries`, without contents. @param search a part of the key or the title, in any case */
  listEntries(kind: EntryKind, page: PageRequest & { readonly search?: string }): Promise<Page<EntrySummary>>;
  /** The versions of an entry, newest first, also of a removed one; the cursor is the number of the last version. */
  entryHistory(name: EntryName, page: PageRequest): Promise<Page<EntryVersion>>;
  /** The changes after a place, oldest first. */
  entryChanges(after: number, limit: number): Promise<readonly EntryChange[]>;
  entryState(): Promise<EntryState>;
  /** Whether any entry has receivers of callbacks, without counting the entries. */
  hasCallbacks(): Promise<boolean>;
  /** Those of the origins that a stored site has; `*` is one of them where it is asked for and a site has it. */
  siteOrigins(origins: readonly string[]): Promise<readonly string[]>;
  /** The keys of a kind that stored entries refer to. */
  usedKeys(kind: EntryKind): Promise<readonly string[]>;
}
