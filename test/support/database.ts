import { DatabaseSync } from 'node:sqlite';

export type StoredLead = {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly leased: boolean;
};

/** Every conversation in a database file, as another process reads it, in the order of storing. */
export function storedLeads(path: string): StoredLead[] {
  return withDatabase(path, (database) =>
    database
      .prepare('SELECT id, status, attempts, lease_owner FROM conversations ORDER BY seq')
      .all()
      .map((row) => ({
        id: row.id as string,
        status: row.status as string,
        attempts: row.attempts as number,
        leased: row.lease_owner !== null,
      })),
  );
}

/** Expires the leases of dead processes now instead of within a minute. */
export function expireLeases(path: string, pids: readonly number[]): void {
  withDatabase(path, (database) => {
    // The owner's name holds its process id; see `src/app/gateway.ts`.
    const update = database.prepare('UPDATE conversations SET next_at = min(next_at, ?) WHERE lease_owner LIKE ?');
    for (const pid of pids) update.run(Date.now(), `%:${pid}:%`);
  });
}

/** The result of SQLite's integrity check of the file: `ok`, or a description of the damage. */
export function integrityOf(path: string): unknown {
  return withDatabase(path, (database) => database.prepare('PRAGMA integrity_check').get()?.integrity_check);
}

/** Opens the program's database for a moment and waits for the program's own transactions. */
export function withDatabase<T>(path: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    return use(database);
  } finally {
    database.close();
  }
}
