import {
  ENTRY_KINDS,
  type EntryKind,
  type EntryName,
  type EntryStore,
  type NewEntry,
  type PutResult,
  type RemoveResult,
} from '../../domain/ports/entry-store.ts';
import {
  auditOfPut,
  auditOfRemoval,
  changedOrigins,
  cutEntries,
  ENTRY_SUMMARY,
  type EntryRow,
  NAMED_USERS,
  planChange,
  subscribersOf,
  toEntryChange,
  toEntryState,
  toEntrySummary,
  toEntryVersion,
  toStoredEntry,
  versionBefore,
} from '../entries.ts';
import { WAKE_ENTRIES } from './connection.ts';
import { type Query, type Store, toColumns } from './database.ts';
import { advisoryLocks } from './locks.ts';
import { writeAudit } from './records.ts';

/**
 * Entries of the configuration. One replica at a time changes entries, so that changes get their places in the order of commits
 * and no replica that follows them misses one.
 */
export function createEntries({ database, vault }: Store): EntryStore {
  const change = <T>(run: (query: Query) => Promise<T>): Promise<T> =>
    database.transaction(async (query) => {
      await query('SELECT pg_advisory_xact_lock($1, $2)', advisoryLocks.entries);
      return run(query);
    });
  return {
    putEntries: (entries, author) =>
      change(async (query): Promise<PutResult> => {
        const { rows, result } = planChange(entries, await readCurrent(query, entries), vault);
        if (rows.length === 0) return result;
        const missing = await findMissing(query, entries);
        if (missing) return missing;
        await removeParts(
          query,
          rows.filter(({ created }) => !created).map(({ entry }) => entry),
        );
        await writeRows(query, rows, author);
        await writeAudit(query, auditOfPut(rows, author));
        await query(WAKE_ENTRIES);
        return result;
      }),
    removeEntry: ({ kind, key }, author, expected) =>
      change(async (query): Promise<RemoveResult> => {
        const name: EntryName = { kind, key };
        const { rows, latest, origins } = await readCurrent(query, [name]);
        const [row] = rows;
        if (!row) return { kind: 'absent' };
        if (expected !== undefined && expected !== row.version)
          return { kind: 'conflict', version: row.version as number };
        const users = await query(USERS, [kind, key, NAMED_USERS]);
        if (users.length > 0)
          return {
            kind: 'in_use',
            users: users.map((user) => ({ kind: user.kind as EntryKind, key: user.key as string })),
          };
        const version = ((latest[0]?.version as number | undefined) ?? 0) + 1;
        const before = kind === 'site' ? origins.map(({ origin }) => origin as string) : [];
        await removeParts(query, [name]);
        await query('DELETE FROM entries WHERE kind = $1 AND key = $2', [kind, key]);
        await query(ADD_VERSIONS, [
          [kind],
          [key],
          [version],
          [author.at],
          [author.actor],
          [null],
          [changedOrigins(before, [])],
        ]);
        await writeAudit(query, auditOfRemoval(name, author));
        await query(WAKE_ENTRIES);
        return { kind: 'removed', version };
      }),
    async readEntries(kind, keys) {
      return (await database.read(ENTRIES_OF, [kind, keys])).map((row) => toStoredEntry(row, vault));
    },
    async pageOfEntries(kind, { limit, after = '' }) {
      const rows = await database.read(PAGE, [kind, after, limit + 1]);
      return cutEntries(rows, limit, 'key', (row) => toStoredEntry(row, vault));
    },
    async listEntries(kind, { limit, after = '', search }) {
      const rows =
        search === undefined
          ? await database.read(LIST, [kind, after, limit + 1])
          : await database.read(SEARCH, [kind, after, limit + 1, search.toLowerCase()]);
      return cutEntries(rows, limit, 'key', toEntrySummary);
    },
    async entryHistory({ kind, key }, { limit, after }) {
      const rows = await database.read(VERSIONS, [kind, key, versionBefore(after), limit + 1]);
      return cutEntries(rows, limit, 'version', toEntryVersion);
    },
    entryChanges: async (after, limit) => (await database.read(CHANGES, [after, limit])).map(toEntryChange),
    async entryState() {
      const [state] = await database.read(STATE);
      return toEntryState(state?.seq, await database.read(KINDS, [ENTRY_KINDS]), state?.callbacks);
    },
    hasCallbacks: async () => {
      const [row] = await database.read('SELECT EXISTS (SELECT FROM subscribers WHERE stored) AS yes');
      return row?.yes === true;
    },
    siteOrigins: async (origins) =>
      (await database.read(SITE_ORIGINS, [origins])).map(({ origin }) => origin as string),
    usedKeys: async (kind) => (await database.read(USED, [kind])).map(({ key }) => key as string),
  };
}

async function readCurrent(query: Query, names: readonly EntryName[]) {
  const columns = toColumns(names, ({ kind, key }) => [kind, key], 2);
  const sites = names.flatMap(({ kind, key }) => (kind === 'site' ? [key] : []));
  return {
    rows: await query(CURRENT, columns),
    latest: await query(LATEST, columns),
    origins: await query('SELECT origin, site FROM entry_origins WHERE site = ANY ($1)', [sites]),
  };
}

/** The first reference to an entry that is neither elsewhere nor stored nor among those that are being stored. */
async function findMissing(query: Query, entries: readonly NewEntry[]): Promise<PutResult | undefined> {
  const changing = new Set(entries.map(({ kind, key }) => `${kind}:${key}`));
  const uses = entries.flatMap(({ kind, key, uses }) =>
    uses
      .filter((use) => !use.elsewhere && !changing.has(`${use.kind}:${use.key}`))
      .map((use) => ({ entry: { kind, key }, uses: { kind: use.kind, key: use.key } })),
  );
  if (uses.length === 0) return undefined;
  const wanted = toColumns(uses, ({ uses: { kind, key } }) => [kind, key], 2);
  const stored = new Set((await query(CURRENT_NAMES, wanted)).map(({ kind, key }) => `${kind}:${key}`));
  const missing = uses.find((one) => !stored.has(`${one.uses.kind}:${one.uses.key}`));
  return missing && { kind: 'missing', ...missing };
}

async function writeRows(
  query: Query,
  rows: readonly EntryRow[],
  { at, actor }: { readonly at: number; readonly actor: string },
): Promise<void> {
  await query(
    PUT,
    toColumns(
      rows,
      ({ entry: { kind, key, title, content }, version, secrets }) => [
        kind,
        key,
        version,
        at,
        actor,
        title,
        content,
        secrets,
      ],
      8,
    ),
  );
  const versions = ({ entry: { kind, key, content }, version, origins }: EntryRow) => [
    kind,
    key,
    version,
    at,
    actor,
    content,
    origins,
  ];
  await query(ADD_VERSIONS, toColumns(rows, versions, 7));
  const origins = rows.flatMap(({ entry }) => entry.origins.map((origin) => [origin, entry.key]));
  if (origins.length > 0)
    await query(
      ADD_ORIGINS,
      toColumns(origins, (row) => row, 2),
    );
  const uses = rows.flatMap(({ entry }) => entry.uses.map((use) => [use.kind, use.key, entry.kind, entry.key]));
  if (uses.length > 0)
    await query(
      ADD_USES,
      toColumns(uses, (row) => row, 4),
    );
  const subscribers = rows.flatMap(({ entry }) => subscribersOf(entry));
  if (subscribers.length > 0)
    await query(
      ADD_SUBSCRIBERS,
      toColumns(subscribers, ({ destination, partner, site }) => [destination, partner, site], 3),
    );
}

async function removeParts(query: Query, names: readonly EntryName[]): Promise<void> {
  if (names.length === 0) return;
  const columns = toColumns(names, ({ kind, key }) => [kind, key], 2);
  const keysOf = (wanted: EntryKind) => names.flatMap(({ kind, key }) => (kind === wanted ? [key] : []));
  await query(REMOVE_USES, columns);
  await query('DELETE FROM entry_origins WHERE site = ANY ($1)', [keysOf('site')]);
  await query('DELETE FROM subscribers WHERE stored AND (site = ANY ($1) OR partner = ANY ($2))', [
    keysOf('site'),
    keysOf('partner'),
  ]);
}

const NAMES = 'unnest($1::text[], $2::text[]) AS n (kind, key)';
const CURRENT = `SELECT entries.* FROM ${NAMES} JOIN entries USING (kind, key)`;
const CURRENT_NAMES = `SELECT kind, key FROM ${NAMES} JOIN entries USING (kind, key)`;
const LATEST = `
  SELECT kind, key, (SELECT max(version) FROM entry_versions AS v WHERE v.kind = n.kind AND v.key = n.key) AS version
  FROM ${NAMES}`;
const USERS = `SELECT kind, key FROM entry_uses WHERE to_kind = $1 AND to_key = $2 ORDER BY kind, key LIMIT $3`;
const REMOVE_USES = `DELETE FROM entry_uses USING ${NAMES} WHERE entry_uses.kind = n.kind AND entry_uses.key = n.key`;
const PUT = `
  INSERT INTO entries (kind, key, version, at, actor, title, content, secrets)
  SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bytea[])
  ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, at = excluded.at, actor = excluded.actor,
    title = excluded.title, content = excluded.content, secrets = excluded.secrets`;
const ADD_VERSIONS = `
  INSERT INTO entry_versions (kind, key, version, at, actor, content, origins)
  SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::text[], $6::text[], $7::text[])`;
const ADD_ORIGINS = `
  INSERT INTO entry_origins (origin, site) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`;
const ADD_USES = `
  INSERT INTO entry_uses (to_kind, to_key, kind, key) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
  ON CONFLICT DO NOTHING`;
const ADD_SUBSCRIBERS = `
  INSERT INTO subscribers (destination, partner, site, stored)
  SELECT v.*, true FROM unnest($1::text[], $2::text[], $3::text[]) AS v
  ON CONFLICT (destination) DO UPDATE SET partner = excluded.partner, site = excluded.site, stored = true`;
const ENTRIES_OF = { name: 'entries_of', text: 'SELECT * FROM entries WHERE kind = $1 AND key = ANY ($2::text[])' };
// Keys are compared by their bytes, as SQLite does, whatever the collation of the database.
const PAGE = 'SELECT * FROM entries WHERE kind = $1 AND key > $2 ORDER BY key LIMIT $3';
const LIST = `SELECT ${ENTRY_SUMMARY} FROM entries WHERE kind = $1 AND key > $2 ORDER BY key LIMIT $3`;
const SEARCH = `
  SELECT ${ENTRY_SUMMARY} FROM entries
  WHERE kind = $1 AND key > $2 AND (strpos(lower(key), $4) > 0 OR strpos(lower(title), $4) > 0) ORDER BY key LIMIT $3`;
const VERSIONS =
  'SELECT * FROM entry_versions WHERE kind = $1 AND key = $2 AND version < $3 ORDER BY version DESC LIMIT $4';
const CHANGES = {
  name: 'entry_changes',
  text: 'SELECT seq, kind, key, origins FROM entry_versions WHERE seq > $1 ORDER BY seq LIMIT $2',
};
const STATE = `
  SELECT (SELECT max(seq) FROM entry_versions) AS seq, EXISTS (SELECT FROM subscribers WHERE stored) AS callbacks`;
const KINDS =
  'SELECT kind FROM unnest($1::text[]) AS n (kind) WHERE EXISTS (SELECT FROM entries WHERE entries.kind = n.kind)';
const SITE_ORIGINS = {
  name: 'site_origins',
  text: `SELECT origin FROM unnest($1::text[]) AS n (origin)
         WHERE EXISTS (SELECT FROM entry_origins WHERE entry_origins.origin = n.origin)`,
};
// Steps from one key to the next in the index, instead of reading each reference.
const USED = `
  WITH RECURSIVE keys (found) AS (
    SELECT min(to_key) FROM entry_uses WHERE to_kind = $1
    UNION ALL SELECT (SELECT min(to_key) FROM entry_uses WHERE to_kind = $1 AND to_key > found) FROM keys WHERE found IS NOT NULL)
  SELECT found AS key FROM keys WHERE found IS NOT NULL`;
