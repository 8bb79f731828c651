import type { Lease, LeaseStore, Settled, Settlement } from '../../domain/ports/delivery-queue.ts';
import { StorageUnavailable } from '../../domain/ports/storage-errors.ts';
import type { Clock } from '../../lib/clock.ts';

const RETRY_MS = 500;

/**
 * Records an outcome, trying again while the storage is away and the lease is still ours: an answer that is lost here
 * would make a delivered lead an unknown one.
 *
 * @throws StorageUnavailable when the storage did not come back within `patienceMs`
 */
export async function settleDurably(
  queue: Pick<LeaseStore, 'settle'>,
  lease: Lease,
  settlement: Settlement,
  { clock, patienceMs }: { clock: Clock; patienceMs: number },
): Promise<Settled | undefined> {
  const giveUpAt = clock.now() + patienceMs;
  for (;;) {
    try {
      return await queue.settle(lease, settlement, clock.now());
    } catch (error) {
      if (!(error instanceof StorageUnavailable) || clock.now() + RETRY_MS >= giveUpAt) throw error;
      await new Promise<void>((resume) => clock.after(RETRY_MS, resume));
    }
  }
}
