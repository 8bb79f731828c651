import type { Clock } from '../../conversation/clock.ts';
import { DAY_MS } from '../days.ts';
import { newId } from '../id.ts';
import type { Accepted, Intake, IntakeStore, Known, RequestKey } from '../port.ts';
import { STATE, toConversation } from '../rows.ts';
import { type Arriving, storeBatch } from './accept.ts';
import { createBatcher } from './batch.ts';
import type { Row } from './database.ts';
import type { StorageFault } from './faults.ts';
import { patiently } from './patience.ts';
import type { Store } from './store.ts';

/**
 * Taking leads in, in batches.
 *
 * @param waitMs how long the process that took a lead lets its caller wait: as long may the first request be under way
 * @returns with `drain`, which resolves when no lead is on its way in any more
 */
export function createIntake(
  store: Store,
  waitMs: number,
  clock: Clock,
  batchMax?: number,
): IntakeStore & { drain(): Promise<void> } {
  const { database, doubts, vault, owner, leaseMs } = store;

  const known = (row: Row, request: RequestKey, fingerprint: Uint8Array, now: number): Known =>
    Buffer.from(fingerprint).equals(request.fingerprint)
      ? { kind: 'known', conversation: toConversation(row), underWay: isUnderWay(row, now) }
      : { kind: 'reused' };
  // Another process took it and its caller still waits. Our own requests under way are known in memory.
  const isUnderWay = (row: Row, now: number): boolean =>
    typeof row.lease_owner === 'string' &&
    row.lease_owner !== '' &&
    !row.lease_owner.startsWith(`${owner}/`) &&
    row.attempts === 0 &&
    now < (row.created_at as number) + waitMs;

  const batcher = createBatcher<Arriving, Accepted>(async (arriving) => {
    const stamp = doubts.stamp();
    try {
      return await patiently(clock, (doubtful) =>
        database.transaction((query) => storeBatch(query, arriving, { stamp, leaseMs, known, doubtful })),
      );
    } catch (error) {
      const times = arriving.map(({ now }) => now);
      if ((error as StorageFault).doubtful) doubts.add(stamp, Math.max(...times), Math.max(...times) + leaseMs);
      throw error;
    }
  }, batchMax);

  return {
    async lookup(request, now) {
      const [row] = await database.read(LOOKUP, [request.key, now]);
      return row && known(row, request, row.fingerprint as Uint8Array, now);
    },
    async counted(key, now) {
      const [row] = await database.read(COUNTED, [Math.floor(now / DAY_MS), key]);
      return (row?.n as number | undefined) ?? 0;
    },
    accept(intake: Intake, now: number) {
      return batcher.write({ intake, id: newId(now), sealed: vault.seal(intake.lead), now });
    },
    drain: batcher.drain,
  };
}

const LOOKUP = {
  name: 'lookup',
  text: `SELECT requests.fingerprint, ${STATE} FROM requests JOIN conversations ON conversations.id = requests.conversation_id
         WHERE requests.key = $1 AND requests.expires_at > $2`,
};
const COUNTED = { name: 'counted', text: 'SELECT n FROM counters WHERE day = $1 AND key = $2' };
