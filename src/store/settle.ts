import type { Account, Lease, Settled, Settlement } from '../domain/ports/delivery-queue.ts';
import { defined } from '../lib/defined.ts';

/** Whether the provider of a settled lead is parked, and whether this very answer parked it. */
export type Parking = 'in-use' | 'parked' | 'just-parked';

/**
 * The result of settling a lease that was still held. A lead that a parked provider refused is parked with it, whatever the
 * settlement says.
 */
export function toSettled(lease: Lease, settlement: Settlement, now: number, parking: Parking): Settled {
  const { id, attempts, createdAt } = lease;
  const { attempted } = settlement;
  const { status, reason, dueAt }: Partial<Settlement> = parking === 'in-use' ? settlement : { status: 'parked' };
  const conversation = defined({
    id,
    status: status as Settlement['status'],
    attempts: attempted ? attempts + 1 : attempts,
    reason,
    createdAt,
    updatedAt: now,
    dueAt,
  });
  return { conversation, parkedProvider: parking === 'just-parked' };
}

type AboutCredentials = Settlement & { readonly account: Account };

/** Whether the answer proves that the configured credentials are accepted. */
export function acceptsCredentials(settlement: Settlement): settlement is AboutCredentials {
  return settlement.credentials === 'accepted' && settlement.account !== undefined;
}

/** Whether the answer counts as a refusal of the configured credentials. */
export function refusesCredentials(settlement: Settlement): settlement is AboutCredentials {
  return settlement.credentials === 'refused' && settlement.account !== undefined;
}
