import type { Accepted, Known, LeadStore, RequestKey } from '../../domain/ports/lead-store.ts';
import { type Clock, dayOf } from '../../lib/clock.ts';
import { decide, knownRequest, newId } from '../accept.ts';
import { type Row, STATE, toConversation, toLease } from '../rows.ts';
import { createBatcher } from './batch.ts';
import type { Query, Store } from './database.ts';
import { retryLostConnection, StorageFault } from './faults.ts';
import { type Arriving, createLedger, OWN_BATCH } from './ledger.ts';
import { lockBatch, writeBatch } from './ledger-rows.ts';

/**
 * Accepting leads in batches.
 *
 * @returns with `drain`, which resolves when no lead is being accepted any more
 */
export function createAcceptance(
  store: Store,
  clock: Clock,
  batchMax?: number,
): LeadStore & { drain(): Promise<void> } {
  const { database, inDoubtLeases, vault, sealFormat, owner, leaseMs, waitMs, onCommit } = store;
  const isOwn = (leaseOwner: string): boolean => leaseOwner === OWN_BATCH || leaseOwner.startsWith(`${owner}/`);
  const known: KnownOf = (row, request, fingerprint, now) =>
    knownRequest(row, request, fingerprint, { now, waitMs, isOwn });

  const batcher = createBatcher<Arriving, Accepted>(
    async (arriving) => {
      const stamp = inDoubtLeases.stamp();
      try {
        return await retryLostConnection(clock, (inDoubt) =>
          database.transaction((query) => storeBatch(query, arriving, { stamp, leaseMs, known, inDoubt })),
        );
      } catch (error) {
        const latest = Math.max(...arriving.map(({ now }) => now));
        if (error instanceof StorageFault && error.inDoubt) inDoubtLeases.add(stamp, latest, latest + leaseMs);
        throw error;
      }
    },
    { max: batchMax, onCommit },
  );

  return {
    async lookup(request, now) {
      const [row] = await database.read(LOOKUP, [request.key, now]);
      return row && known(row, request, row.fingerprint as Uint8Array, now);
    },
    async counted(key, now) {
      const [row] = await database.read(COUNTED, [dayOf(now), key]);
      return (row?.n as number | undefined) ?? 0;
    },
    accept(newLead, now) {
      const id = newId(now);
      return batcher.write({ newLead, id, sealed: vault.seal(id, newLead.lead, sealFormat()), now });
    },
    drain: batcher.drain,
  };
}

type KnownOf = (row: Row, request: RequestKey, fingerprint: Uint8Array, now: number) => Known;

type Context = {
  /** The owner of the leases of this batch. */
  readonly stamp: string;
  readonly leaseMs: number;
  readonly known: KnownOf;
  /** An earlier run of the same batch may have been committed: conversations under its ids are ours. */
  readonly inDoubt: boolean;
};

/**
 * Stores a batch inside the transaction under way, and decides about each lead in its turn. Rows that other replicas may want
 * are locked first, in one order for all replicas, so that batches wait for each other but never in a circle.
 */
async function storeBatch(query: Query, arriving: readonly Arriving[], context: Context): Promise<Accepted[]> {
  const { stamp, leaseMs, known, inDoubt } = context;
  const locked = await lockBatch(query, arriving, inDoubt);
  const ledger = createLedger(locked, known);
  const accepted = arriving.map(({ newLead, id, now }): Accepted => {
    const stored = inDoubt && locked.conversations.get(id);
    return stored
      ? storedBefore(stored, stamp)
      : decide(ledger.ledgerAt(newLead.lead, now), newLead, { id, now, leaseMs });
  });
  await writeBatch(query, arriving, ledger, locked, stamp);
  return accepted;
}

/** The run whose answer was lost committed the lead. Its lease is ours unless another process took it over since. */
function storedBefore(row: Row, stamp: string): Accepted {
  const conversation = toConversation(row);
  if (row.lease_owner !== stamp) return { kind: 'stored', conversation };
  return { kind: 'stored', conversation, lease: toLease(row), ...(row.personal === false && { suppressed: true }) };
}

const LOOKUP = {
  name: 'lookup',
  text: `SELECT requests.fingerprint, ${STATE} FROM requests JOIN conversations ON conversations.id = requests.conversation_id
         WHERE requests.key = $1 AND requests.expires_at > $2`,
};
const COUNTED = { name: 'counted', text: 'SELECT n FROM counters WHERE day = $1 AND key = $2' };
