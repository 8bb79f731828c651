import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import {
  ENTRY_KINDS,
  type EntryName,
  type EntryStore,
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
import type { Row } from '../rows.ts';
import type { Store } from './database.ts';
import { prepareAudit } from './records.ts';

/** Entries of the configuration. Every change is one write of the batch writer, so changes get their places in the order of commits. */
export function createEntries({ database, writer, read, vault }: Store): EntryStore {
  const all = (sql: string) => {
    const statement = database.prepare(sql);
    return (...values: SQLInputValue[]): Row[] => statement.all(...values);
  };
  const current = all(CURRENT);
  const latest = all(LATEST);
  const originsOf = all('SELECT origin, site FROM entry_origins WHERE site IN (SELECT value FROM json_each(?))');
  const write = prepareRows(database);
  const isStored = all('SELECT 1 FROM entries WHERE kind = ? AND key = ?');
  const usersOf = all('SELECT kind, key FROM entry_uses WHERE to_kind = ? AND to_key = ? ORDER BY kind, key LIMIT ?');
  const audit = prepareAudit(database);
  const entriesOf = all('SELECT * FROM entries WHERE kind = ? AND key IN (SELECT value FROM json_each(?))');
  const page = all('SELECT * FROM entries WHERE kind = ? AND key > ? ORDER BY key LIMIT ?');
  const list = all(`SELECT ${ENTRY_SUMMARY} FROM entries WHERE kind = ? AND key > ? ORDER BY key LIMIT ?`);
  // The condition is answered from an index alone, so that a search which finds little reads no contents.
  const search = all(
    `SELECT ${ENTRY_SUMMARY} FROM entries WHERE seq IN (
       SELECT seq FROM entries INDEXED BY entries_title
       WHERE kind = ? AND key > ? AND (instr(lower(key), ?) > 0 OR instr(lower(title), ?) > 0) ORDER BY key LIMIT ?)
     ORDER BY key`,
  );
  const versions = all(
    'SELECT * FROM entry_versions WHERE kind = ? AND key = ? AND version < ? ORDER BY version DESC LIMIT ?',
  );
  const changes = all('SELECT seq, kind, key, origins FROM entry_versions WHERE seq > ? ORDER BY seq LIMIT ?');
  const place = all('SELECT max(seq) AS seq FROM entry_versions');
  const kinds = all(
    'SELECT value AS kind FROM json_each(?) WHERE EXISTS (SELECT 1 FROM entries WHERE entries.kind = value)',
  );
  const callbacks = all('SELECT 1 FROM subscribers WHERE stored = 1 LIMIT 1');
  const siteOrigins = all(
    `SELECT value AS origin FROM json_each(?) WHERE EXISTS (SELECT 1 FROM entry_origins WHERE origin = value)`,
  );
  // Steps from one key to the next in the index, instead of reading each reference.
  const used = all(
    `WITH RECURSIVE keys (found) AS (
       SELECT min(to_key) FROM entry_uses WHERE to_kind = ?1
       UNION ALL SELECT (SELECT min(to_key) FROM entry_uses WHERE to_kind = ?1 AND to_key > found) FROM keys WHERE found IS NOT NULL)
     SELECT found AS key FROM keys WHERE found IS NOT NULL`,
  );

  return {
    async putEntries(entries, author) {
      const names = JSON.stringify(entries.map(({ kind, key }) => [kind, key]));
      const sites = JSON.stringify(entries.flatMap(({ kind, key }) => (kind === 'site' ? [key] : [])));
      return writer.write((): PutResult => {
        const found = { rows: current(names), latest: latest(names), origins: originsOf(sites) };
        const { rows, result } = planChange(entries, found, vault);
        if (rows.length === 0) return result;
        const changing = new Set(entries.map(({ kind, key }) => `${kind}:${key}`));
        for (const { kind, key, uses } of entries) {
          for (const use of uses) {
            const there =
              use.elsewhere || changing.has(`${use.kind}:${use.key}`) || isStored(use.kind, use.key).length > 0;
            if (!there) return { kind: 'missing', entry: { kind, key }, uses: { kind: use.kind, key: use.key } };
          }
        }
        for (const row of rows) write.put(row, author);
        audit(auditOfPut(rows, author));
        return result;
      });
    },
    async removeEntry({ kind, key }, author, expected) {
      const name: EntryName = { kind, key };
      const names = JSON.stringify([[kind, key]]);
      return writer.write((): RemoveResult => {
        const [row] = current(names);
        if (!row) return { kind: 'absent' };
        if (expected !== undefined && expected !== row.version)
          return { kind: 'conflict', version: row.version as number };
        const users = usersOf(kind, key, NAMED_USERS) as unknown as EntryName[];
        if (users.length > 0) return { kind: 'in_use', users: users.map(({ kind, key }) => ({ kind, key })) };
        const version = ((latest(names)[0]?.version as number | undefined) ?? 0) + 1;
        const before = kind === 'site' ? originsOf(JSON.stringify([key])).map(({ origin }) => origin as string) : [];
        write.remove(name, version, changedOrigins(before, []), author);
        audit(auditOfRemoval(name, author));
        return { kind: 'removed', version };
      });
    },
    async readEntries(kind, keys) {
      const rows = await read(() => entriesOf(kind, JSON.stringify(keys)));
      return rows.map((row) => toStoredEntry(row, vault));
    },
    async pageOfEntries(kind, { limit, after = '' }) {
      const rows = await read(() => page(kind, after, limit + 1));
      return cutEntries(rows, limit, 'key', (row) => toStoredEntry(row, vault));
    },
    async listEntries(kind, { limit, after = '', search: text }) {
      const part = text?.toLowerCase();
      const rows = await read(() =>
        part === undefined ? list(kind, after, limit + 1) : search(kind, after, part, part, limit + 1),
      );
      return cutEntries(rows, limit, 'key', toEntrySummary);
    },
    async entryHistory({ kind, key }, { limit, after }) {
      const rows = await read(() => versions(kind, key, versionBefore(after), limit + 1));
      return cutEntries(rows, limit, 'version', toEntryVersion);
    },
    entryChanges: async (after, limit) => (await read(() => changes(after, limit))).map(toEntryChange),
    entryState: () => read(() => toEntryState(place()[0]?.seq, kinds(JSON.stringify(ENTRY_KINDS)), callbacks().length)),
    hasCallbacks: () => read(() => callbacks().length > 0),
    siteOrigins: async (origins) =>
      (await read(() => siteOrigins(JSON.stringify(origins)))).map(({ origin }) => origin as string),
    usedKeys: async (kind) => {
      if (!ENTRY_KINDS.includes(kind)) return [];
      return (await read(() => used(kind))).map(({ key }) => key as string);
    },
  };
}

/** The entries of a JSON list of kinds and keys. */
const NAMES = `SELECT value ->> 0 AS kind, value ->> 1 AS key FROM json_each(?)`;
const CURRENT = `SELECT entries.* FROM (${NAMES}) AS n JOIN entries USING (kind, key)`;
const LATEST = `
  SELECT kind, key, (SELECT max(version) FROM entry_versions AS v WHERE v.kind = n.kind AND v.key = n.key) AS version
  FROM (${NAMES}) AS n`;

/** Gives functions that write an entry, or its removal, inside the transaction under way. */
function prepareRows(database: DatabaseSync) {
  const upsert = database.prepare(
    `INSERT INTO entries (kind, key, version, at, actor, title, content, secrets) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, at = excluded.at, actor = excluded.actor,
       title = excluded.title, content = excluded.content, secrets = excluded.secrets`,
  );
  const addVersion = database.prepare(
    'INSERT INTO entry_versions (kind, key, version, at, actor, content, origins) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const addOrigin = database.prepare('INSERT OR IGNORE INTO entry_origins (origin, site) VALUES (?, ?)');
  const addUse = database.prepare('INSERT OR IGNORE INTO entry_uses (to_kind, to_key, kind, key) VALUES (?, ?, ?, ?)');
  const addSubscriber = database.prepare(
    'INSERT OR REPLACE INTO subscribers (destination, partner, site, stored) VALUES (?, ?, ?, 1)',
  );
  const removeEntry = database.prepare('DELETE FROM entries WHERE kind = ? AND key = ?');
  const removeOrigins = database.prepare('DELETE FROM entry_origins WHERE site = ?');
  const removeUses = database.prepare('DELETE FROM entry_uses WHERE kind = ? AND key = ?');
  const removeSiteSubscribers = database.prepare('DELETE FROM subscribers WHERE site = ? AND stored = 1');
  const removePartnerSubscribers = database.prepare('DELETE FROM subscribers WHERE partner = ? AND stored = 1');

  const removeParts = ({ kind, key }: EntryName): void => {
    removeUses.run(kind, key);
    if (kind === 'site') removeOrigins.run(key);
    if (kind === 'site') removeSiteSubscribers.run(key);
    if (kind === 'partner') removePartnerSubscribers.run(key);
  };
  return {
    put({ entry, version, created, secrets, origins }: EntryRow, { at, actor }: { at: number; actor: string }): void {
      const { kind, key, title, content } = entry;
      if (!created) removeParts(entry);
      upsert.run(kind, key, version, at, actor, title, content, secrets);
      addVersion.run(kind, key, version, at, actor, content, origins);
      for (const origin of entry.origins) addOrigin.run(origin, key);
      for (const use of entry.uses) addUse.run(use.kind, use.key, kind, key);
      for (const { destination, partner, site } of subscribersOf(entry))
        addSubscriber.run(destination, partner ?? null, site ?? null);
    },
    remove(
      name: EntryName,
      version: number,
      origins: string | null,
      { at, actor }: { at: number; actor: string },
    ): void {
      removeParts(name);
      removeEntry.run(name.kind, name.key);
      addVersion.run(name.kind, name.key, version, at, actor, null, origins);
    },
  };
}
