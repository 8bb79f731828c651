import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Account, ProviderStore, Settlement } from '../port.ts';
import { lengthen, PROBE_EVERY_MS } from '../streak.ts';
import type { Row, Store } from './store.ts';

/** Statements that keep a provider's row of refusals; they run inside the transaction that settles a lead. */
export type Streaks = {
  readonly get: StatementSync;
  readonly set: StatementSync;
  readonly clear: StatementSync;
};

export function prepareStreaks(database: DatabaseSync): Streaks {
  return {
    get: database.prepare('SELECT streak, parked_at, credentials FROM providers WHERE id = ?'),
    set: database.prepare(
      `INSERT INTO providers (id, streak, parked_at, probe_at, credentials) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET streak = excluded.streak, parked_at = excluded.parked_at,
                                      probe_at = excluded.probe_at, credentials = excluded.credentials`,
    ),
    clear: database.prepare(`UPDATE providers SET streak = '[]' WHERE id = ? AND streak <> '[]' AND parked_at IS NULL`),
  };
}

/**
 * Counts what an answer said of the credentials. Any other answer breaks the row, so that one odd merchant between good
 * leads parks nobody; the same lead counts once, however often it is tried.
 */
export function creditStreak(
  streaks: Streaks,
  provider: string,
  lead: string,
  { credentials, account }: Settlement,
  now: number,
): { parked: boolean; justParked: boolean } {
  if (credentials === undefined || account === undefined) return { parked: false, justParked: false };
  if (credentials === 'accepted') {
    streaks.clear.run(provider);
    return { parked: false, justParked: false };
  }
  const row = streaks.get.get(provider);
  if (typeof row?.parked_at === 'number') return { parked: true, justParked: false };
  const { leads, parks: justParked } = lengthen(refusalsOf(row, account), lead);
  streaks.set.run(
    provider,
    JSON.stringify(leads),
    justParked ? now : null,
    justParked ? now + PROBE_EVERY_MS : null,
    account.credentials,
  );
  return { parked: justParked, justParked };
}

/** The leads of the row of refusals so far; other credentials begin another. */
function refusalsOf(row: Row | undefined, { credentials }: Account): readonly string[] {
  return row?.credentials === credentials ? JSON.parse(row.streak as string) : [];
}

export function createProviderStore(store: Store): ProviderStore {
  const { database, writer } = store;
  const parked = database.prepare(
    'SELECT id, parked_at, probe_at, credentials FROM providers WHERE parked_at IS NOT NULL',
  );
  const postpone = database.prepare('UPDATE providers SET probe_at = ? WHERE id = ?');
  const unpark = database.prepare('DELETE FROM providers WHERE id = ?');
  const parkQueued = database.prepare(
    `UPDATE conversations SET status = 'parked', cause = 'provider', next_at = NULL, updated_at = ?
     WHERE seq IN (SELECT seq FROM conversations
                   WHERE provider = ? AND next_at IS NOT NULL AND status = 'queued' AND lease_owner IS NULL LIMIT ?)`,
  );
  const release = database.prepare(
    `UPDATE conversations SET status = 'queued', cause = NULL, next_at = ?, updated_at = ?
     WHERE seq IN (SELECT seq FROM conversations
                   WHERE status = 'parked' AND provider = ? AND cause = 'provider' AND lease_owner IS NULL
                   ORDER BY rowid LIMIT ?)`,
  );
  return {
    async parked() {
      return store.read(() =>
        parked.all().map((row) => ({
          id: row.id as string,
          parkedAt: row.parked_at as number,
          probeAt: row.probe_at as number,
          credentials: row.credentials as string,
        })),
      );
    },
    postponeProbe: (provider, probeAt) => writer.write(() => void postpone.run(probeAt, provider)),
    parkQueued: (provider, limit, now) => writer.write(() => Number(parkQueued.run(now, provider, limit).changes)),
    unpark: (provider) => writer.write(() => void unpark.run(provider)),
    releaseWaiting: (provider, limit, now) =>
      writer.write(() => Number(release.run(now, now, provider, limit).changes)),
  };
}
