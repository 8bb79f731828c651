import { admit } from '../admit.ts';
import type { Accepted, Intake, Known, RequestKey } from '../port.ts';
import { toConversation } from '../rows.ts';
import type { SealedLead } from '../vault.ts';
import type { Query, Row } from './database.ts';
import { createLedger } from './ledger.ts';
import { lock } from './lock.ts';
import { toLease } from './store.ts';
import { write } from './write.ts';

/** A lead on its way in, under the id that it will have. */
export type Arriving = {
  readonly intake: Intake;
  readonly id: string;
  readonly sealed: SealedLead;
  readonly now: number;
};

type Context = {
  /** In the leases of this batch. */
  readonly stamp: string;
  readonly leaseMs: number;
  readonly known: (row: Row, request: RequestKey, fingerprint: Uint8Array, now: number) => Known;
  /** An earlier run of the same batch may have been committed: what is there under our ids is ours. */
  readonly doubtful: boolean;
};

/**
 * Stores a batch inside the transaction under way, each lead decided in its turn. Rows that other replicas may want too are
 * locked first, in one order for all, so that batches wait for each other and never in a circle.
 */
export async function storeBatch(query: Query, arriving: readonly Arriving[], context: Context): Promise<Accepted[]> {
  const { stamp, leaseMs, known, doubtful } = context;
  const locked = await lock(query, arriving, doubtful);
  const ledger = createLedger(locked, known);
  const accepted = arriving.map(({ intake, id, now }): Accepted => {
    const stored = doubtful && locked.conversations.get(id);
    return stored ? storedBefore(stored, stamp) : admit(ledger.ledger(now), intake, { id, now, leaseMs });
  });
  await write(query, arriving, ledger, locked, stamp);
  return accepted;
}

/** The lead was committed by the run whose answer was lost; the lease is ours as long as nobody else took it over. */
function storedBefore(row: Row, stamp: string): Accepted {
  const conversation = toConversation(row);
  return { kind: 'stored', conversation, ...(row.lease_owner === stamp && { lease: toLease(row) }) };
}
