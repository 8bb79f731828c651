import type { DatabaseSync } from 'node:sqlite';
import type { Account, ParkedLeadStore, ProviderStore, Settlement } from '../../domain/ports/delivery-queue.ts';
import { toProviderState } from '../rows.ts';
import {
  acceptsCredentials,
  type Parking,
  type RecordedAcceptances,
  recordAcceptance,
  recordRefusal,
  refusesCredentials,
  toProviderRecord,
} from '../settle.ts';
import { IS_PARKED, type Store } from './database.ts';

/** Records what an answer says about the provider's credentials, inside the transaction that settles `lead`. */
export type RecordAnswer = (provider: string, lead: string, settlement: Settlement, now: number) => Parking;

/** @param recorded acceptances that are committed; the caller adds to them after its commit */
export function prepareStreaks(database: DatabaseSync, recorded: Pick<RecordedAcceptances, 'has'>): RecordAnswer {
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

  const accepted = (provider: string, account: Account): void => {
    clear.run(provider);
    if (recorded.has(provider, account)) return;
    const proof = recordAcceptance(toProviderRecord(get.get(provider)), account);
    if (proof !== undefined) setProof.run(provider, proof);
  };

  return (provider, lead, settlement, now) => {
    if (acceptsCredentials(settlement)) accepted(provider, settlement.account);
    if (!refusesCredentials(settlement)) return 'in-use';
    const { parking, columns } = recordRefusal(toProviderRecord(get.get(provider)), settlement.account, lead, now);
    if (columns) set.run(provider, columns.streak, columns.parkedAt, columns.probeAt, columns.credentials);
    return parking;
  };
}

export function createProviderStore({ database, writer, read }: Store): ProviderStore & ParkedLeadStore {
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
                   WHERE ${IS_PARKED} AND provider = ? AND lease_owner IS NULL
                   ORDER BY updated_at LIMIT ?)`,
  );
  return {
    parked: () => read(() => parked.all().map(toProviderState)),
    postponeProbe: (provider, now, probeAt) => writer.write(() => postpone.run(probeAt, provider, now).changes === 1),
    parkQueued: (provider, limit, now) => writer.write(() => Number(parkQueued.run(now, provider, limit).changes)),
    unpark: (provider) => writer.write(() => void unpark.run(provider)),
    releaseWaiting: (provider, limit, now) =>
      writer.write(() => Number(release.run(now, now, provider, limit).changes)),
  };
}
