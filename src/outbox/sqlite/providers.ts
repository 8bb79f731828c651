import type { DatabaseSync } from 'node:sqlite';
import type { Account, ProviderStore, Settlement } from '../port.ts';
import { createProven, lengthen, PROBE_EVERY_MS, prove, readProof, readStreak } from '../streak.ts';
import type { Store } from './store.ts';

/** Whether the provider of a settled lead is parked, and whether it is so only now. */
export type Credited = { readonly parked: boolean; readonly justParked: boolean };

/** Counts what an answer said of the credentials, inside the transaction that settles `lead`. */
export type CreditStreak = (provider: string, lead: string, settlement: Settlement, now: number) => Credited;

const IN_USE: Credited = { parked: false, justParked: false };

/** Any answer but a refusal breaks the row, so that one odd merchant between good leads parks nobody. */
export function prepareStreaks(database: DatabaseSync): CreditStreak {
  const get = database.prepare('SELECT streak, parked_at, credentials, proof FROM providers WHERE id = ?');
  const set = database.prepare(
    `INSERT INTO providers (id, streak, parked_at, probe_at, credentials) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET streak = excluded.streak, parked_at = excluded.parked_at,
                                    probe_at = excluded.probe_at, credentials = excluded.credentials`,
  );
  const clear = database.prepare(
    `UPDATE providers SET streak = '[]' WHERE id = ? AND streak <> '[]' AND parked_at IS NULL`,
  );
  const setProof = database.prepare(
    'INSERT INTO providers (id, proof) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET proof = excluded.proof',
  );
  const proven = createProven();

  const accepted = (provider: string, account: Account): void => {
    clear.run(provider);
    if (proven.has(provider, account)) return;
    const more = prove(readProof(get.get(provider)?.proof), account);
    if (more) setProof.run(provider, JSON.stringify(more));
    proven.add(provider, account);
  };

  return (provider, lead, { credentials, account }, now) => {
    if (credentials === undefined || account === undefined) return IN_USE;
    if (credentials === 'accepted') {
      accepted(provider, account);
      return IN_USE;
    }
    const row = get.get(provider);
    if (typeof row?.parked_at === 'number') return { parked: true, justParked: false };
    const { refusals, parks } = lengthen(
      readStreak(row?.credentials, row?.streak),
      readProof(row?.proof),
      account,
      lead,
    );
    const parking = parks ? [now, now + PROBE_EVERY_MS] : [null, null];
    set.run(provider, JSON.stringify(refusals), ...parking, account.credentials);
    return { parked: parks, justParked: parks };
  };
}

export function createProviderStore(store: Store): ProviderStore {
  const { database, writer } = store;
  const parked = database.prepare(
    'SELECT id, parked_at, probe_at, credentials FROM providers WHERE parked_at IS NOT NULL',
  );
  const postpone = database.prepare('UPDATE providers SET probe_at = ? WHERE id = ? AND probe_at <= ?');
  const unpark = database.prepare(
    `UPDATE providers SET streak = '[]', parked_at = NULL, probe_at = NULL, credentials = NULL WHERE id = ?`,
  );
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
    postponeProbe: (provider, now, probeAt) => writer.write(() => postpone.run(probeAt, provider, now).changes === 1),
    parkQueued: (provider, limit, now) => writer.write(() => Number(parkQueued.run(now, provider, limit).changes)),
    unpark: (provider) => writer.write(() => void unpark.run(provider)),
    releaseWaiting: (provider, limit, now) =>
      writer.write(() => Number(release.run(now, now, provider, limit).changes)),
  };
}
