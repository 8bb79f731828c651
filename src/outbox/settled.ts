import { defined } from '../conversation/defined.ts';
import type { Conversation } from '../conversation/types.ts';
import type { Lease, Settlement } from './port.ts';

/** The conversation of a lease that was still ours, as its settlement leaves it. */
export function settledConversation(lease: Lease, settlement: Settlement, now: number): Conversation {
  const { status, reason, dueAt, attempted } = settlement;
  const { id, attempts, createdAt } = lease;
  return defined({
    id,
    status,
    attempts: attempted ? attempts + 1 : attempts,
    reason,
    createdAt,
    updatedAt: now,
    dueAt,
  });
}
