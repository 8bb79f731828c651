import type { ParkedLeadStore, ProviderStore } from '../../domain/ports/delivery-queue.ts';
import { toProviderState } from '../rows.ts';
import { IS_PARKED, type Store } from './database.ts';

/** Parked providers: what is known of them, and moving their leads between the queue and the parking. */
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
