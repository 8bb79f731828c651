import type { DatabaseSync } from 'node:sqlite';

/**
 * One script a version, applied in order and never changed once released. `user_version` counts what is applied.
 * Times are milliseconds since the epoch.
 *
 * `next_at` is when somebody has to look at a conversation: when it is due, or, while `lease_owner` is set, when its lease
 * runs out. So one index serves both, and what waits for a person costs a claim nothing. `lead` and `lead_key` are sealed
 * (`outbox/vault.ts`); `tries` and `unknowns` count since the last release, `attempts` counts all calls.
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
     phone_hash  BLOB,
     lead_key    BLOB,
     lead        BLOB,
     description BLOB,
     CHECK ((next_at IS NOT NULL) = (status = 'queued' OR lease_owner IS NOT NULL))
   ) STRICT;
   CREATE INDEX conversations_due ON conversations (provider, next_at) WHERE next_at IS NOT NULL;
   CREATE INDEX conversations_waiting ON conversations (status, provider, cause) WHERE status IN ('held', 'unknown', 'parked');
   CREATE INDEX conversations_phone ON conversations (phone_hash) WHERE phone_hash IS NOT NULL;
   CREATE INDEX conversations_retention ON conversations (updated_at)
     WHERE status IN ('delivered', 'rejected') AND lead IS NOT NULL;

   CREATE TABLE requests (
     key             BLOB    PRIMARY KEY,
     fingerprint     BLOB    NOT NULL,
     conversation_id TEXT    NOT NULL,
     expires_at      INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX requests_expiry ON requests (expires_at);
   CREATE INDEX requests_conversation ON requests (conversation_id);

   CREATE TABLE counters (
     key BLOB    NOT NULL,
     day INTEGER NOT NULL,
     n   INTEGER NOT NULL,
     PRIMARY KEY (key, day)
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
];

/** Applies what is missing, each step in a transaction of its own with its version number. */
export function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new Error(`it was written by a newer version (schema ${version}, this one knows ${MIGRATIONS.length})`);
  }
  for (const [index, script] of MIGRATIONS.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${script}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
