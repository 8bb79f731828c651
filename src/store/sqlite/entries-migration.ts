/** A row of `callbacks` for each lead of a partner or a site and each of its receivers. */
const callbacksBy = (owner: 'partner' | 'site'): string => `
     SELECT c.seq, 'msg_' || lower(hex(randomblob(16))) AS id, destination, c.id AS ordering, c.updated_at AS at, status,
       json_remove(
         json_object('id', c.id, 'reference', reference, 'status', status, 'reason', reason, 'attempts', attempts,
           'createdAt', strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000, 'unixepoch') || printf('.%03dZ', created_at % 1000),
           'updatedAt', strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000, 'unixepoch') || printf('.%03dZ', updated_at % 1000)),
         CASE WHEN reason IS NULL THEN '$.reason' ELSE '$.absent' END,
         CASE WHEN reference IS NULL THEN '$.reference' ELSE '$.absent' END
       ) AS data
     FROM conversations AS c JOIN subscribers AS s ON s.${owner} = c.${owner} LEFT JOIN lead_references AS r ON r.seq = c.seq`;

/**
 * Entries of the configuration that are kept here instead of in a file. `entry_versions` is the history of all entries, and its
 * `seq` the order of their changes; a removal has no content. `origins` are those that a site gained or lost (JSON), NULL for too
 * many. Receivers of callbacks of entries lie among the subscribers and are `stored`; the others are those of the file.
 *
 * The two halves of `callbacks` use an index each; one condition with OR would open a table in memory at each lead.
 */
export const ENTRIES_MIGRATION = `CREATE TABLE entries (
     seq     INTEGER PRIMARY KEY,
     kind    TEXT    NOT NULL,
     key     TEXT    NOT NULL,
     version INTEGER NOT NULL,
     at      INTEGER NOT NULL,
     actor   TEXT    NOT NULL,
     title   TEXT    NOT NULL,
     content TEXT    NOT NULL,
     secrets BLOB,
     UNIQUE (kind, key)
   ) STRICT;
   CREATE INDEX entries_title ON entries (kind, key, title);
   CREATE TABLE entry_versions (
     seq     INTEGER PRIMARY KEY AUTOINCREMENT,
     kind    TEXT    NOT NULL,
     key     TEXT    NOT NULL,
     version INTEGER NOT NULL,
     at      INTEGER NOT NULL,
     actor   TEXT    NOT NULL,
     content TEXT,
     origins TEXT
   ) STRICT;
   CREATE UNIQUE INDEX entry_versions_entry ON entry_versions (kind, key, version);
   CREATE TABLE entry_origins (
     origin TEXT NOT NULL,
     site   TEXT NOT NULL,
     PRIMARY KEY (origin, site)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX entry_origins_site ON entry_origins (site);
   CREATE TABLE entry_uses (
     to_kind TEXT NOT NULL,
     to_key  TEXT NOT NULL,
     kind    TEXT NOT NULL,
     key     TEXT NOT NULL,
     PRIMARY KEY (to_kind, to_key, kind, key)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX entry_uses_user ON entry_uses (kind, key);
   ALTER TABLE subscribers ADD COLUMN stored INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX subscribers_partner ON subscribers (partner);
   CREATE INDEX subscribers_site ON subscribers (site);
   DROP VIEW callbacks;
   CREATE VIEW callbacks AS ${callbacksBy('partner')} UNION ALL ${callbacksBy('site')}`;
