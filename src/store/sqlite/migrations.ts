import { ENTRIES_MIGRATION } from './entries-migration.ts';
import { FIRST_MIGRATIONS } from './first-migrations.ts';
import { RHYTHMS_MIGRATION } from './rhythms-migration.ts';
import { TEST_LEADS_MIGRATION } from './test-leads-migration.ts';

/**
 * One script for each schema version, applied in order and never changed once released. `user_version` is the number of scripts
 * that were applied. Times are milliseconds since the epoch.
 *
 * `next_at` is the next time at which the worker has to look at a conversation: when it is due or, while `lease_owner` is set,
 * when its lease runs out. One index serves both, and conversations that wait for a person cost a claim nothing. `tries` and
 * `unknowns` count since the last release, `attempts` counts all calls. `may_have_arrived` keeps the fact that there were
 * `unknowns` before a release, or a delivery. `personal` says whether `leads` still holds the personal data.
 *
 * Data that has to be removable without a trace lies where SQLite never moves it. When a page is split or merged, a copy of the
 * cells that left it stays behind, out of reach of `secure_delete`; only a cell that grows or is deleted moves others. So rows
 * of `leads` and `descriptions` are appended, later blanked, and never grown or deleted; their values are sealed
 * (`vault.ts`). `leads_phone` holds one byte of a hash, which identifies nobody. It is kept in shelves of 1,024 leads, so that
 * leads of one moment are neighbours in the index instead of touching a page each. The same holds for `requests`, `counters` and
 * `suppressions`: their rows are appended under an integer key and later blanked, their cells never grow, and their indexes hold
 * only as many bytes of a hash as identify nobody. So an erasure touches the rows of its number and no others (docs/adr/0022).
 *
 * Conditions of `conversations` are spelled with OR. For an IN list of three or more values, SQLite opens and drops a table in
 * memory at each write that checks the condition, which costs more than the write.
 */
export const MIGRATIONS: readonly string[] = [
  ...FIRST_MIGRATIONS,

  // Rows are appended and blanked, so that an erasure writes no table anew. A request lies under the seq of its conversation; it
  // keeps the hash of the number only where `leads` does not. `n` is stored plus 2^24, which takes the same four bytes up to
  // 2^31: a cell that grows would move others.
  `ALTER TABLE requests RENAME TO requests_before;
   DROP INDEX requests_expiry;
   CREATE TABLE requests (
     seq         INTEGER PRIMARY KEY,
     key         BLOB,
     fingerprint BLOB,
     expires_at  INTEGER,
     phone_hash  BLOB
   ) STRICT;
   INSERT INTO requests (seq, key, fingerprint, expires_at, phone_hash)
     SELECT seq, key, fingerprint, expires_at, CASE WHEN personal = 1 THEN NULL ELSE phone_hash END
     FROM requests_before JOIN conversations ON id = conversation_id ORDER BY seq;
   CREATE INDEX requests_key ON requests (substr(key, 1, 4)) WHERE key IS NOT NULL;
   CREATE INDEX requests_expiry ON requests (expires_at) WHERE expires_at IS NOT NULL;
   CREATE INDEX requests_phone ON requests (substr(phone_hash, 1, 1)) WHERE phone_hash IS NOT NULL;
   DROP TABLE requests_before;

   ALTER TABLE counters RENAME TO counters_before;
   CREATE TABLE counters (
     place      INTEGER PRIMARY KEY,
     day        INTEGER,
     key        BLOB,
     n          INTEGER NOT NULL,
     phone_hash BLOB
   ) STRICT;
   INSERT INTO counters (day, key, n, phone_hash) SELECT day, key, n + 16777216, phone_hash FROM counters_before;
   CREATE INDEX counters_place ON counters (day, substr(coalesce(phone_hash, key), 1, 2)) WHERE day IS NOT NULL;
   DROP TABLE counters_before;

   ALTER TABLE suppressions RENAME TO suppressions_before;
   CREATE TABLE suppressions (
     place      INTEGER PRIMARY KEY,
     phone_hash BLOB,
     created_at INTEGER
   ) STRICT;
   INSERT INTO suppressions (phone_hash, created_at) SELECT phone_hash, created_at FROM suppressions_before ORDER BY created_at;
   CREATE INDEX suppressions_place ON suppressions (substr(phone_hash, 1, 2)) WHERE phone_hash IS NOT NULL;
   DROP TABLE suppressions_before`,

  // Messages to receivers outside, without personal data. `next_at` is when a message is due or, while `lease_owner` is set, when
  // its lease runs out. `outgoing_results` keeps the last results of each destination. `told` and `reported` say which conditions
  // operators were told of, and which ones processes see.
  `CREATE TABLE outgoing (
     seq         INTEGER PRIMARY KEY,
     id          TEXT    NOT NULL UNIQUE,
     destination TEXT    NOT NULL,
     ordering    TEXT,
     body        TEXT    NOT NULL,
     attempts    INTEGER NOT NULL DEFAULT 0,
     created_at  INTEGER NOT NULL,
     expires_at  INTEGER NOT NULL,
     next_at     INTEGER NOT NULL,
     lease_owner TEXT,
     fence       INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX outgoing_due ON outgoing (destination, next_at);
   CREATE INDEX outgoing_order ON outgoing (destination, ordering, seq) WHERE ordering IS NOT NULL;
   CREATE INDEX outgoing_expiry ON outgoing (expires_at);

   CREATE TABLE outgoing_results (
     destination  TEXT PRIMARY KEY,
     delivered_at INTEGER,
     failed_at    INTEGER,
     failure      TEXT
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE told (
     condition TEXT    NOT NULL,
     target    TEXT    NOT NULL,
     since     INTEGER NOT NULL,
     told_at   INTEGER NOT NULL,
     PRIMARY KEY (condition, target)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE reported (
     condition TEXT    NOT NULL,
     reporter  TEXT    NOT NULL,
     since     INTEGER NOT NULL,
     seen_at   INTEGER NOT NULL,
     PRIMARY KEY (condition, reporter)
   ) STRICT, WITHOUT ROWID`,
  // `consent` says whether the lead came with a consent; null: stored before this version, so only the lead itself tells.
  // `message` is the provider's answer, as a group of `messages`; 0 for none.
  //
  // `tallies` counts conversations. Triggers keep it in the transaction of the change, so that it is exact after a crash, too.
  // Leads that are delivered by their first call enter none of the partial indexes.
  `ALTER TABLE conversations ADD COLUMN consent INTEGER;
   ALTER TABLE conversations ADD COLUMN message INTEGER NOT NULL DEFAULT 0;
   DROP INDEX conversations_due;
   DROP INDEX conversations_waiting;
   CREATE INDEX conversations_due ON conversations (provider, next_at) WHERE next_at IS NOT NULL;
   CREATE INDEX conversations_site ON conversations (site);
   CREATE INDEX conversations_cause ON conversations (cause) WHERE cause IS NOT NULL;
   CREATE INDEX conversations_waiting ON conversations (status)
     WHERE status = 'held' OR status = 'unknown' OR status = 'parked';
   CREATE INDEX conversations_parked ON conversations (provider, updated_at) WHERE status = 'parked' AND cause = 'provider';
   CREATE INDEX conversations_oldest ON conversations (provider, status, cause, message, created_at)
     WHERE status = 'held' OR status = 'unknown' OR status = 'parked'
        OR (status = 'queued' AND (attempts > 0 OR lease_owner IS NULL));
   CREATE INDEX conversations_consent ON conversations (seq) WHERE personal = 1 AND consent IS NOT 0;

   CREATE TABLE messages (
     id       INTEGER PRIMARY KEY,
     provider TEXT    NOT NULL,
     key      BLOB    NOT NULL,
     numbers  BLOB,
     text     TEXT,
     UNIQUE (provider, key)
   ) STRICT;

   CREATE TABLE tallies (
     provider TEXT    NOT NULL,
     status   TEXT    NOT NULL,
     cause    TEXT    NOT NULL,
     message  INTEGER NOT NULL,
     site     TEXT    NOT NULL,
     n        INTEGER NOT NULL,
     PRIMARY KEY (provider, status, cause, message, site)
   ) STRICT, WITHOUT ROWID;
   INSERT INTO tallies SELECT provider, status, coalesce(cause, ''), message, site, 1 FROM conversations WHERE TRUE
     ON CONFLICT DO UPDATE SET n = n + 1;
   CREATE TRIGGER conversations_added AFTER INSERT ON conversations BEGIN
     INSERT INTO tallies VALUES (new.provider, new.status, coalesce(new.cause, ''), new.message, new.site, 1)
       ON CONFLICT DO UPDATE SET n = n + 1;
   END;
   CREATE TRIGGER conversations_changed AFTER UPDATE OF status, cause, message ON conversations
     WHEN new.status <> old.status OR new.cause IS NOT old.cause OR new.message <> old.message
   BEGIN
     UPDATE tallies SET n = n - 1
     WHERE provider = old.provider AND status = old.status AND cause = coalesce(old.cause, '') AND message = old.message
       AND site = old.site;
     INSERT INTO tallies VALUES (new.provider, new.status, coalesce(new.cause, ''), new.message, new.site, 1)
       ON CONFLICT DO UPDATE SET n = n + 1;
   END`,
  // What all processes did in each minute, and how each process last described itself (JSON).
  `CREATE TABLE activity (
     minute INTEGER NOT NULL,
     kind   TEXT    NOT NULL,
     n      INTEGER NOT NULL,
     PRIMARY KEY (minute, kind)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE replicas (
     owner   TEXT    NOT NULL PRIMARY KEY,
     seen_at INTEGER NOT NULL,
     state   TEXT    NOT NULL
   ) STRICT, WITHOUT ROWID`,

  // From here on values are sealed bound to their place (`store/vault.ts`). Earlier releases cannot open those, so they refuse the file.
  'SELECT 1',
  // Callbacks. `subscribers` says which receivers are told of the leads of a partner or of a site. Triggers store a message for each
  // of them in the transaction that changes the status, whichever statement does it. An erasure stores its own (`privacy.ts`).
  `CREATE TABLE subscribers (
     destination TEXT PRIMARY KEY,
     partner     TEXT,
     site        TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE VIEW callbacks AS
     SELECT c.seq, 'msg_' || lower(hex(randomblob(16))) AS id, destination, c.id AS ordering, c.updated_at AS at,
       json_patch(
         json_object('id', c.id, 'status', status, 'reason', reason, 'attempts', attempts,
           'createdAt', strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000, 'unixepoch') || printf('.%03dZ', created_at % 1000),
           'updatedAt', strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000, 'unixepoch') || printf('.%03dZ', updated_at % 1000)),
         CASE WHEN reason IS NULL THEN '{"reason":null}' ELSE '{}' END
       ) AS data
     FROM conversations AS c JOIN subscribers AS s ON s.partner = c.partner OR s.site = c.site;
   CREATE TRIGGER callback_added AFTER INSERT ON conversations WHEN new.status <> 'queued' BEGIN
     INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
       SELECT id, destination, ordering,
         json_object('type', 'conversation.' || new.status, 'timestamp', json_extract(data, '$.updatedAt'), 'data', json(data)),
         at, at + 259200000, at
       FROM callbacks WHERE seq = new.seq;
   END;
   CREATE TRIGGER callback_changed AFTER UPDATE OF status ON conversations
     WHEN new.status <> old.status AND new.cause IS NOT 'erased'
   BEGIN
     INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
       SELECT id, destination, ordering,
         json_object('type', 'conversation.' || CASE new.status WHEN 'queued' THEN 'released' ELSE new.status END,
           'timestamp', json_extract(data, '$.updatedAt'), 'data', json(data)),
         at, at + 259200000, at
       FROM callbacks WHERE seq = new.seq;
   END`,
  // When a lead was last added to the group: one without leads is removed a day later.
  'ALTER TABLE messages ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0',
  // A partner's own id of a lead. `lead_references` is appended and blanked as `leads` is; `reference_hash` (24 bits, `references.ts`)
  // identifies nobody. `suppressed_at` is set where no lead is stored beside the reference. The two indexes begin with what a
  // partner's list selects, one status at a time. A conversation with a reference is told when that is stored, right after it.
  `ALTER TABLE conversations ADD COLUMN reference_hash INTEGER;
   CREATE INDEX conversations_partner ON conversations (partner, status, created_at) WHERE partner IS NOT NULL;
   CREATE INDEX conversations_reference ON conversations (partner, reference_hash, status, created_at)
     WHERE reference_hash IS NOT NULL;
   CREATE TABLE lead_references (
     seq           INTEGER PRIMARY KEY,
     reference     TEXT,
     suppressed_at INTEGER
   ) STRICT;
   CREATE INDEX lead_references_suppressed ON lead_references (suppressed_at) WHERE suppressed_at IS NOT NULL;

   DROP VIEW callbacks;
   CREATE VIEW callbacks AS
     SELECT c.seq, 'msg_' || lower(hex(randomblob(16))) AS id, destination, c.id AS ordering, c.updated_at AS at, status,
       json_remove(
         json_object('id', c.id, 'reference', reference, 'status', status, 'reason', reason, 'attempts', attempts,
           'createdAt', strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000, 'unixepoch') || printf('.%03dZ', created_at % 1000),
           'updatedAt', strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000, 'unixepoch') || printf('.%03dZ', updated_at % 1000)),
         CASE WHEN reason IS NULL THEN '$.reason' ELSE '$.absent' END,
         CASE WHEN reference IS NULL THEN '$.reference' ELSE '$.absent' END
       ) AS data
     FROM conversations AS c JOIN subscribers AS s ON s.partner = c.partner OR s.site = c.site
       LEFT JOIN lead_references AS r ON r.seq = c.seq;
   DROP TRIGGER callback_added;
   CREATE TRIGGER callback_added AFTER INSERT ON conversations WHEN new.status <> 'queued' AND new.reference_hash IS NULL BEGIN
     INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
       SELECT id, destination, ordering,
         json_object('type', 'conversation.' || new.status, 'timestamp', json_extract(data, '$.updatedAt'), 'data', json(data)),
         at, at + 259200000, at
       FROM callbacks WHERE seq = new.seq;
   END;
   CREATE TRIGGER callback_referenced AFTER INSERT ON lead_references BEGIN
     INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
       SELECT id, destination, ordering,
         json_object('type', 'conversation.' || status, 'timestamp', json_extract(data, '$.updatedAt'), 'data', json(data)),
         at, at + 259200000, at
       FROM callbacks WHERE seq = new.seq AND status <> 'queued';
   END`,
  // The history of leads. Rows of `attempts` are appended and blanked like those of `descriptions`. `audited` says which
  // conversations an audit entry is about; it holds nothing personal.
  `CREATE TABLE attempts (
     place       INTEGER PRIMARY KEY,
     seq         INTEGER,
     number      INTEGER,
     at          INTEGER,
     outcome     TEXT,
     cause       TEXT,
     http_status INTEGER,
     duration_ms INTEGER,
     due_at      INTEGER,
     description BLOB
   ) STRICT;
   CREATE INDEX attempts_lead ON attempts (seq, number) WHERE seq IS NOT NULL;
   CREATE TABLE audited (
     seq   INTEGER NOT NULL,
     audit INTEGER NOT NULL,
     PRIMARY KEY (seq, audit)
   ) STRICT, WITHOUT ROWID`,
  ENTRIES_MIGRATION,
  TEST_LEADS_MIGRATION,
  RHYTHMS_MIGRATION,
];
