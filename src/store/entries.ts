import type {
  EntryAuthor,
  EntryChange,
  EntryKind,
  EntryName,
  EntrySecrets,
  EntryState,
  EntrySummary,
  EntryVersion,
  NewEntry,
  PutResult,
  StoredEntry,
} from '../domain/ports/entry-store.ts';
import type { AuditEntry } from '../domain/ports/lead-records.ts';
import type { Subscriber } from '../domain/ports/outgoing-queue.ts';
import { defined } from '../lib/values.ts';
import { type Row, toBuffer } from './rows.ts';
import { type Vault, VaultError } from './vault.ts';

/** Origins that a change lists; one with more says that any may have changed. */
const LISTED_ORIGINS = 50;
/** Users that the refusal of a removal names. */
export const NAMED_USERS = 5;

/** The id under which the secrets of an entry are sealed. */
export const sealedId = ({ kind, key }: EntryName): string => `${kind}:${key}`;

/** The columns that are written of an entry that changes. */
export type EntryRow = {
  readonly entry: NewEntry;
  readonly version: number;
  readonly created: boolean;
  readonly secrets: Buffer | null;
  /** JSON; null where too many origins changed to list them. */
  readonly origins: string | null;
};

/** The rows that a transaction has read of the entries that it is to change. */
export type CurrentEntries = {
  /** Rows of `entries` with kind, key, version, content and secrets. */
  readonly rows: readonly Row[];
  /** Rows with kind, key and the latest version, also of removed entries. */
  readonly latest: readonly Row[];
  /** Rows of `entry_origins` with origin and site. */
  readonly origins: readonly Row[];
};

/** Decides what a change writes. `results` is what the caller gets if it is committed. */
export function planChange(
  entries: readonly NewEntry[],
  current: CurrentEntries,
  vault: Vault,
): { readonly rows: readonly EntryRow[]; readonly result: PutResult } {
  const stored = new Map(current.rows.map((row) => [nameOf(row), row]));
  const latest = new Map(current.latest.map((row) => [nameOf(row), row.version as number]));
  const origins = Map.groupBy(current.origins, ({ site }) => site as string);
  const rows: EntryRow[] = [];
  const results: { version: number; change: 'created' | 'replaced' | 'unchanged' }[] = [];
  for (const entry of entries) {
    const { kind, key, expected } = entry;
    const row = stored.get(nameOf(entry));
    const version = (row?.version as number | undefined) ?? 0;
    if (expected !== undefined && expected !== version)
      return { rows: [], result: { kind: 'conflict', entry: { kind, key }, version } };
    if (row && isSame(entry, row, vault)) {
      results.push({ version, change: 'unchanged' });
      continue;
    }
    const next = (latest.get(nameOf(entry)) ?? 0) + 1;
    results.push({ version: next, change: row ? 'replaced' : 'created' });
    const before = kind === 'site' ? (origins.get(key) ?? []).map(({ origin }) => origin as string) : [];
    const given = Object.keys(entry.secrets).length > 0;
    rows.push({
      entry,
      version: next,
      created: !row,
      secrets: given ? vault.sealText(sealedId(entry), 'entry', JSON.stringify(entry.secrets)) : null,
      origins: changedOrigins(before, entry.origins),
    });
  }
  return { rows, result: { kind: 'stored', entries: results } };
}

/** The origins that differ, as JSON; null for too many. */
export function changedOrigins(before: readonly string[], after: readonly string[]): string | null {
  const [old, next] = [new Set(before), new Set(after)];
  const changed = [...before.filter((origin) => !next.has(origin)), ...after.filter((origin) => !old.has(origin))];
  return changed.length > LISTED_ORIGINS ? null : JSON.stringify(changed);
}

function isSame(entry: NewEntry, row: Row, vault: Vault): boolean {
  if (entry.content !== row.content) return false;
  const secrets = openSecrets(entry, row.secrets, vault);
  return secrets !== undefined && JSON.stringify(sorted(secrets)) === JSON.stringify(sorted(entry.secrets));
}

function sorted(secrets: EntrySecrets): [string, string][] {
  return Object.entries(secrets).sort(([a], [b]) => (a < b ? -1 : 1));
}

function openSecrets(name: EntryName, sealed: unknown, vault: Vault): EntrySecrets | undefined {
  if (sealed === null || sealed === undefined) return {};
  try {
    return JSON.parse(vault.openText(sealedId(name), 'entry', toBuffer(sealed as Uint8Array))) as EntrySecrets;
  } catch (error) {
    if (error instanceof VaultError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function nameOf({ kind, key }: Row | EntryName): string {
  return `${kind}:${key}`;
}

/** The receivers of the callbacks of an entry, as `CallbackStore` knows them. */
export function subscribersOf({ kind, key, callbacks }: NewEntry): readonly Subscriber[] {
  if (kind === 'provider') return [];
  return Array.from({ length: callbacks }, (_, index) => {
    const destination = `callback:${kind}:${key}:${index + 1}`;
    return kind === 'site' ? { destination, site: key } : { destination, partner: key };
  });
}

/** The audit entry of a change. */
export function auditOfPut(rows: readonly EntryRow[], { actor, at }: EntryAuthor): AuditEntry {
  const [first] = rows;
  const named = rows.length === 1 && first;
  const detail = named
    ? `${first.entry.kind}=${first.entry.key}, version ${first.version}`
    : [...Map.groupBy(rows, ({ entry }) => entry.kind)].map(([kind, some]) => `${some.length} ${kind}s`).join(', ');
  return { at, actor, action: 'configure', count: 0, detail };
}

export function auditOfRemoval({ kind, key }: EntryName, { actor, at }: EntryAuthor): AuditEntry {
  return { at, actor, action: 'configure', count: 0, detail: `${kind}=${key}, removed` };
}

/** The columns that `toEntrySummary` reads. */
export const ENTRY_SUMMARY = 'kind, key, title, version, at, actor';

/** @param row with `ENTRY_SUMMARY` */
export function toEntrySummary(row: Row): EntrySummary {
  const { kind, key, title, version, at, actor } = row as unknown as EntrySummary;
  return { kind, key, title, version, at, actor };
}

/** @param row with content and secrets, too */
export function toStoredEntry(row: Row, vault: Vault): StoredEntry {
  const summary = toEntrySummary(row);
  const secrets = openSecrets(summary, row.secrets, vault);
  return { ...summary, content: row.content as string, ...(secrets && { secrets }) };
}

/** @param row with version, at, actor and content */
export function toEntryVersion({ version, at, actor, content }: Row): EntryVersion {
  return defined({
    version: version as number,
    at: at as number,
    actor: actor as string,
    content: (content as string | null) ?? undefined,
  });
}

/** @param row with seq, kind, key and origins */
export function toEntryChange({ seq, kind, key, origins }: Row): EntryChange {
  return defined({
    seq: seq as number,
    kind: kind as EntryKind,
    key: key as string,
    origins: origins === null ? undefined : (JSON.parse(origins as string) as string[]),
  });
}

/** @param rows the kinds of which there is an entry */
export function toEntryState(seq: unknown, rows: readonly Row[], callbacks: unknown): EntryState {
  const kinds = new Set(rows.map(({ kind }) => kind as EntryKind));
  return { seq: Number(seq ?? 0), kinds, callbacks: Boolean(callbacks) };
}

/** The versions before which a history continues. */
export function versionBefore(cursor: string | undefined): number {
  return cursor !== undefined && /^\d{1,9}$/.test(cursor) ? Number(cursor) : 2 ** 31 - 1;
}

/** Cuts a page whose cursor is a value of its last item. The query asks for one row more than `limit`. */
export function cutEntries<Item>(rows: readonly Row[], limit: number, cursor: string, toItem: (row: Row) => Item) {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { items: shown.map(toItem), ...(last && { next: String(last[cursor]) }) };
}
