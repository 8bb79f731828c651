import type { Lease, ParkedLeadStore, ProviderStore, Settlement } from '../../domain/ports/delivery-queue.ts';
import { toProviderState } from '../rows.ts';
import {
  acceptsCredentials,
  type Parking,
  type ProviderRecord,
  recordAcceptance,
  recordRefusal,
  refusesCredentials,
  toProviderRecord,
} from '../settle.ts';
import { WAKE } from './connection.ts';
import { IS_PARKED, type Query, type Store } from './database.ts';
import { advisoryLocks } from './locks.ts';

/** How an attempt ended, for what the answer says about its provider's credentials. */
type Answer = { readonly lease: Lease; readonly settlement: Settlement; readonly now: number };

/**
 * Records what answers say about their providers' credentials, in their order, inside the transaction that settles them. Parks
 * the leads that a parked provider refused.
 *
 * @returns the parked leads, by id
 */
export async function recordAnswers(query: Query, answers: readonly Answer[]): Promise<ReadonlyMap<string, Parking>> {
  const parked = new Map<string, Parking>();
  // Rows of providers are locked in one order, too. The sort is stable, so the answers of a provider keep their order.
  const byProvider = answers.toSorted(({ lease: a }, { lease: b }) => compare(a.provider, b.provider));
  for (const { lease, settlement, now } of byProvider) {
    const { id, provider } = lease;
    if (acceptsCredentials(settlement)) {
      const proof = recordAcceptance(await lockProvider(query, provider), settlement.account);
      if (proof !== undefined) await query(SET_PROOF, [provider, proof]);
      await query(CLEAR, [provider]);
    }
    if (!refusesCredentials(settlement)) continue;
    const { parking, columns } = recordRefusal(await lockProvider(query, provider), settlement.account, id, now);
    if (columns) {
      const { streak, parkedAt, probeAt, credentials } = columns;
      await query(SET_STREAK, [provider, streak, parkedAt, probeAt, credentials]);
    }
    if (parking !== 'in-use') parked.set(id, parking);
  }
  if (parked.size > 0) await query(PARK_LEADS, [[...parked.keys()]]);
  return parked;
}

function compare(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}

async function lockProvider(query: Query, provider: string): Promise<ProviderRecord> {
  const [row] = await query(LOCK_PROVIDER, [provider]);
  return toProviderRecord(row);
}

export function createProviderStore({ database }: Store): ProviderStore & ParkedLeadStore {
  /** One replica at a time moves leads, so that a result below `limit` means that none is left. */
  const move = (statement: string, values: readonly unknown[]): Promise<number> =>
    database.transaction(async (query) => {
      await query('SELECT pg_advisory_xact_lock($1, $2)', advisoryLocks.parking);
      return (await query(statement, values)).length;
    });
  return {
    async parked() {
      return (await database.read(PARKED)).map(toProviderState);
    },
    async postponeProbe(provider, now, probeAt) {
      return (await database.write(POSTPONE, [probeAt, provider, now])).length === 1;
    },
    parkQueued: (provider, limit, now) => move(PARK_QUEUED, [now, provider, limit]),
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

const CLEAR = {
  name: 'clear_streak',
  text: `UPDATE providers SET streak = '[]' WHERE id = $1 AND streak <> '[]' AND parked_at IS NULL`,
};

/** Locks and gives the provider's row. If there was none, inserts one with the default values. */
const LOCK_PROVIDER = `
  INSERT INTO providers (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET streak = providers.streak
  RETURNING streak, parked_at, credentials, proof`;

const SET_PROOF = 'UPDATE providers SET proof = $2 WHERE id = $1';

const SET_STREAK = 'UPDATE providers SET streak = $2, parked_at = $3, probe_at = $4, credentials = $5 WHERE id = $1';

const PARK_LEADS = `UPDATE conversations SET status = 'parked', cause = 'provider', next_at = NULL WHERE id = ANY ($1)`;

const PARKED = {
  name: 'parked',
  text: 'SELECT id, parked_at, probe_at, credentials FROM providers WHERE parked_at IS NOT NULL',
};

const POSTPONE = 'UPDATE providers SET probe_at = $1 WHERE id = $2 AND probe_at <= $3 RETURNING id';

const UNPARK = `
  UPDATE providers SET streak = '[]', parked_at = NULL, probe_at = NULL, credentials = NULL WHERE id = $1`;

const PARK_QUEUED = `
  UPDATE conversations SET status = 'parked', cause = 'provider', next_at = NULL, updated_at = $1
  WHERE seq IN (SELECT seq FROM conversations
                WHERE provider = $2 AND next_at IS NOT NULL AND status = 'queued' AND lease_owner IS NULL
                LIMIT $3 FOR UPDATE)
  RETURNING seq`;

const RELEASE = `
  UPDATE conversations SET status = 'queued', cause = NULL, next_at = $1, updated_at = $1
  WHERE seq IN (SELECT seq FROM conversations
                WHERE ${IS_PARKED} AND provider = $2 AND lease_owner IS NULL
                ORDER BY updated_at LIMIT $3 FOR UPDATE)
  RETURNING seq`;
