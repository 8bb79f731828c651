import type { ProviderStore } from '../port.ts';
import { LOCKS } from './locks.ts';
import type { Store } from './store.ts';
import { WAKE } from './watch.ts';

export function createProviderStore({ database }: Store): ProviderStore {
  /** One replica at a time moves leads, so that fewer than `limit` means that there are no more. */
  const move = (statement: string, values: readonly unknown[]): Promise<number> =>
    database.transaction(async (query) => {
      await query('SELECT pg_advisory_xact_lock($1, $2)', LOCKS.parking);
      return (await query(statement, values)).length;
    });
  return {
    async parked() {
      return (await database.read(PARKED)).map((row) => ({
        id: row.id as string,
        parkedAt: row.parked_at as number,
        probeAt: row.probe_at as number,
        credentials: row.credentials as string,
      }));
    },
    async postponeProbe(provider, now, probeAt) {
      return (await database.write(POSTPONE, [probeAt, provider, now])).length === 1;
    },
    parkQueued: (provider, limit, now) => move(PARK, [now, provider, limit]),
    async unpark(provider) {
      await database.transaction(async (query) => {
        await query(UNPARK, [provider]);
        await query(WAKE);
      });
    },
    async releaseWaiting(provider, limit, now) {
      const moved = await move(RELEASE, [now, provider, limit]);
      if (moved > 0) await database.write(WAKE);
      return moved;
    },
  };
}

const PARKED = {
  name: 'parked',
  text: 'SELECT id, parked_at, probe_at, credentials FROM providers WHERE parked_at IS NOT NULL',
};

const POSTPONE = 'UPDATE providers SET probe_at = $1 WHERE id = $2 AND probe_at <= $3 RETURNING id';

const UNPARK = `
  UPDATE providers SET streak = '[]', parked_at = NULL, probe_at = NULL, credentials = NULL WHERE id = $1`;

const PARK = `
  UPDATE conversations SET status = 'parked', cause = 'provider', next_at = NULL, updated_at = $1
  WHERE seq IN (SELECT seq FROM conversations
                WHERE provider = $2 AND next_at IS NOT NULL AND status = 'queued' AND lease_owner IS NULL
                LIMIT $3 FOR UPDATE)
  RETURNING seq`;

const RELEASE = `
  UPDATE conversations SET status = 'queued', cause = NULL, next_at = $1, updated_at = $1
  WHERE seq IN (SELECT seq FROM conversations
                WHERE status = 'parked' AND provider = $2 AND cause = 'provider' AND lease_owner IS NULL
                ORDER BY seq LIMIT $3 FOR UPDATE)
  RETURNING seq`;
