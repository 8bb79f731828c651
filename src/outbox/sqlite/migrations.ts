import type { DatabaseSync } from 'node:sqlite';

/**
 * One script a version, applied in order and never changed once released. `user_version` counts what is applied.
 * Times are milliseconds since the epoch. `lead` is the lead as JSON.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE conversations (
     seq         INTEGER PRIMARY KEY,
     id          TEXT    NOT NULL UNIQUE,
     site        TEXT    NOT NULL,
     provider    TEXT    NOT NULL,
     status      TEXT    NOT NULL CHECK (status IN ('queued', 'delivered', 'rejected', 'held', 'unknown', 'parked')),
     reason      TEXT    CHECK (reason IN ('phone', 'target', 'other')),
     attempts    INTEGER NOT NULL DEFAULT 0,
     created_at  INTEGER NOT NULL,
     updated_at  INTEGER NOT NULL,
     due_at      INTEGER,
     fence       INTEGER NOT NULL DEFAULT 0,
     lease_until INTEGER,
     lead        TEXT    NOT NULL,
     description TEXT
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
