import type { DatabaseSync } from 'node:sqlite';

/**
 * One script a version, applied in order and never changed once released. `user_version` counts what is applied.
 * Times are milliseconds since the epoch.
 *
 * `next_at` is when somebody has to look at a conversation: when it is due, or, while `lease_owner` is set, when its lease
 * runs out. So one index serves both, and what waits for a person costs a claim nothing. `tries` and `unknowns` count since
 * the last release, `attempts` counts all calls. `may_have_arrived` keeps what a release takes out of `unknowns`, and that it
 * was delivered. `personal` says whether `leads` still holds what the consumer told us.
 *
 * What has to go without a trace lies where SQLite never moves it. A page that is split or merged keeps a copy of the
 * cells that left it, out of reach of `secure_delete`; only a cell that grows, or a deletion, moves others. So rows of `leads`
 * and `descriptions` are appended, later blanked, and never grown or deleted; their values are sealed (`outbox/vault.ts`).
 * `leads_phone` holds one byte of a hash, which tells nobody; it is kept by shelves of 1,024 leads, so that leads of one moment
 * lie together in it, where at random each would cost a page. `requests` and `counters` are of a day or two and small:
 * an erasure writes them anew (`scrub.ts`).
 *
 * Conditions of `conversations` are spelled with OR: for a list of three or more in IN, each write that checks it opens a
 * table in memory and drops it again, which costs more than the write.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE conversations (
     seq         INTEGER PRIMARY KEY,
     id          TEXT    NOT NULL UNIQUE,
     site        TEXT    NOT NULL,
     partner     TEXT,
     provider    TEXT    NOT NULL,
     status      TEXT    NOT NULL CHECK (status IN ('queued', 'delivered', 'rejected', 'held', 'unknown', 'parked')),
     reason      TEXT    CHECK (reason IN ('phone', 'target', 'other')),
     cause       TEXT,
     attempts    INTEGER NOT NULL DEFAULT 0,
     tries       INTEGER NOT NULL DEFAULT 0,
     unknowns    INTEGER NOT NULL DEFAULT 0,
     created_at  INTEGER NOT NULL,
     updated_at  INTEGER NOT NULL,
     next_at     INTEGER,
     lease_owner TEXT,
     fence       INTEGER NOT NULL DEFAULT 0,
     personal    INTEGER NOT NULL DEFAULT 1,
     CHECK ((next_at IS NOT NULL) = (status = 'queued' OR lease_owner IS NOT NULL))
   ) STRICT;
   CREATE INDEX conversations_due ON conversations (provider, next_at) WHERE next_at IS NOT NULL;
   CREATE INDEX conversations_waiting ON conversations (status, provider, cause) WHERE status IN ('held', 'unknown', 'parked');
   CREATE INDEX conversations_queued ON conversations (created_at) WHERE status = 'queued';
   CREATE INDEX conversations_retention ON conversations (updated_at)
     WHERE status IN ('delivered', 'rejected') AND personal = 1;

   CREATE TABLE leads (
     seq        INTEGER PRIMARY KEY,
     phone_hash BLOB,
     lead_key   BLOB,
     lead       BLOB
   ) STRICT;
   CREATE INDEX leads_phone ON leads (substr(phone_hash, 1, 1)) WHERE phone_hash IS NOT NULL;

   CREATE TABLE descriptions (
     n           INTEGER PRIMARY KEY,
     seq         INTEGER NOT NULL,
     description BLOB
   ) STRICT;
   CREATE INDEX descriptions_lead ON descriptions (seq) WHERE description IS NOT NULL;

   CREATE TABLE requests (
     key             BLOB    PRIMARY KEY,
     fingerprint     BLOB    NOT NULL,
     conversation_id TEXT    NOT NULL,
     expires_at      INTEGER NOT NULL,
     phone_hash      BLOB    NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX requests_expiry ON requests (expires_at);

   CREATE TABLE counters (
     day        INTEGER NOT NULL,
     key        BLOB    NOT NULL,
     n          INTEGER NOT NULL,
     phone_hash BLOB,
     PRIMARY KEY (day, key)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE suppressions (
     phone_hash BLOB    PRIMARY KEY,
     created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE providers (
     id          TEXT PRIMARY KEY,
     streak      TEXT NOT NULL DEFAULT '[]',
     parked_at   INTEGER,
     probe_at    INTEGER,
     credentials TEXT
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE audit (
     seq    INTEGER PRIMARY KEY,
     at     INTEGER NOT NULL,
     actor  TEXT    NOT NULL,
     action TEXT    NOT NULL,
     count  INTEGER NOT NULL,
     detail TEXT    NOT NULL
   ) STRICT`,

  // Form tokens and proofs that some lead has used up. Random bytes that say nothing of it: an erasure leaves them alone.
  `CREATE TABLE uses (
     key        BLOB    PRIMARY KEY,
     expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX uses_expiry ON uses (expires_at)`,

  // The same tables, with conditions that cost a write nothing and an index that costs less. What is queued is counted in the
  // index of what is due.
  `CREATE TABLE conversations_anew (
     seq         INTEGER PRIMARY KEY,
     id          TEXT    NOT NULL UNIQUE,
     site        TEXT    NOT NULL,
     partner     TEXT,
     provider    TEXT    NOT NULL,
     status      TEXT    NOT NULL CHECK (status = 'queued' OR status = 'delivered' OR status = 'rejected' OR status = 'held'
                                         OR status = 'unknown' OR status = 'parked'),
     reason      TEXT    CHECK (reason = 'phone' OR reason = 'target' OR reason = 'other'),
     cause       TEXT,
     attempts    INTEGER NOT NULL DEFAULT 0,
     tries       INTEGER NOT NULL DEFAULT 0,
     unknowns    INTEGER NOT NULL DEFAULT 0,
     created_at  INTEGER NOT NULL,
     updated_at  INTEGER NOT NULL,
     next_at     INTEGER,
     lease_owner TEXT,
     fence       INTEGER NOT NULL DEFAULT 0,
     personal    INTEGER NOT NULL DEFAULT 1,
     CHECK ((next_at IS NOT NULL) = (status = 'queued' OR lease_owner IS NOT NULL))
   ) STRICT;
   INSERT INTO conversations_anew SELECT * FROM conversations;
   DROP TABLE conversations;
   ALTER TABLE conversations_anew RENAME TO conversations;
   CREATE INDEX conversations_due ON conversations (provider, next_at, status, created_at) WHERE next_at IS NOT NULL;
   CREATE INDEX conversations_waiting ON conversations (status, provider, cause)
     WHERE status = 'held' OR status = 'unknown' OR status = 'parked';
   CREATE INDEX conversations_retention ON conversations (updated_at)
     WHERE (status = 'delivered' OR status = 'rejected') AND personal = 1;

   DROP INDEX leads_phone;
   CREATE INDEX leads_phone ON leads (seq >> 10, substr(phone_hash, 1, 1)) WHERE phone_hash IS NOT NULL`,

  // Written by a release alone, so that it costs an attempt nothing.
  'ALTER TABLE conversations ADD COLUMN may_have_arrived INTEGER NOT NULL DEFAULT 0',

  // A keyed hash of a constant: the same for the same HASH_KEY.
  'CREATE TABLE hash_check (value BLOB NOT NULL) STRICT',

  // What readiness writes, over and over: random bytes.
  "CREATE TABLE probe (filler BLOB NOT NULL) STRICT; INSERT INTO probe VALUES (x'')",

  // JSON: for which targets an account's credentials were accepted (`outbox/streak.ts`).
  'ALTER TABLE providers ADD COLUMN proof TEXT',
];

/**
 * Applies what is missing, each step in a transaction of its own with its version number.
 *
 * @param to the version to stop at; for tests
 */
export function migrate(database: DatabaseSync, to = MIGRATIONS.length): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new Error(`it was written by a newer version (schema ${version}, this one knows ${MIGRATIONS.length})`);
  }
  for (const [index, script] of MIGRATIONS.slice(0, to).entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${script}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
