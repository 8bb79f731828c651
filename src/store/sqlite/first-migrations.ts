/** The scripts of the first schema versions (`migrations.ts`), which are never changed. */
export const FIRST_MIGRATIONS: readonly string[] = [
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

  // Form tokens and proofs that a lead used up. They are random bytes that say nothing about the lead, so an erasure keeps them.
  `CREATE TABLE uses (
     key        BLOB    PRIMARY KEY,
     expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX uses_expiry ON uses (expires_at)`,

  // The same tables, with conditions that cost a write nothing and with cheaper indexes. Queued conversations are counted in the
  // index of due ones.
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

  // Only a release writes it, so it costs an attempt nothing.
  'ALTER TABLE conversations ADD COLUMN may_have_arrived INTEGER NOT NULL DEFAULT 0',

  // A keyed hash of a constant, which differs for another HASH_KEY.
  'CREATE TABLE hash_check (value BLOB NOT NULL) STRICT',

  // The readiness check overwrites it with random bytes.
  "CREATE TABLE probe (filler BLOB NOT NULL) STRICT; INSERT INTO probe VALUES (x'')",

  // JSON: the targets for which the account's credentials were accepted (`store/settle.ts`).
  'ALTER TABLE providers ADD COLUMN proof TEXT',
];
