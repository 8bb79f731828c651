import { defined } from '../conversation/defined.ts';
import type { Use } from '../conversation/screening.ts';
import type { Conversation } from '../conversation/types.ts';
import { DAY_MS } from './days.ts';
import type { Accepted, Cap, Cause, Intake, Known, Lease, Start } from './port.ts';

/** A lead is refused beyond this many times its cap, and held between. */
const REFUSED_AT = 10;

/** What a new conversation looks like at first. `nextAt` as in the adapters: when it is due, or when its lease runs out. */
export type FirstState = Pick<Conversation, 'status' | 'attempts' | 'reason'> & {
  readonly cause?: Cause;
  readonly nextAt?: number;
  readonly leased?: boolean;
};

/** What the decision over a lead reads and writes, inside the transaction under way. */
export type Ledger = {
  /** Remembers the request as that of conversation `id`; where it is known and not over it changes nothing and gives it. */
  remember(intake: Intake, id: string, now: number): Known | undefined;
  forget(key: Uint8Array): void;
  /** Takes all of them, or none: then gives the first that was used before. */
  take(uses: readonly Use[], now: number): Use | undefined;
  giveBack(uses: readonly Use[]): void;
  isSuppressed(phoneHash: Uint8Array): boolean;
  /** Counts one more and gives how many there are now; `phoneHash` is whom the counter names, if anybody. */
  count(day: number, key: Uint8Array, phoneHash: Uint8Array | null): number;
  uncount(day: number, key: Uint8Array): void;
  /** Stores the conversation, and the lead itself where `personal`. */
  insert(id: string, state: FirstState, personal: boolean): void;
};

/** Decides what becomes of a lead: the same request as before, refused, or stored in the state that its caps ask for. */
export function admit(
  ledger: Ledger,
  intake: Intake,
  { id, now, leaseMs }: { readonly id: string; readonly now: number; readonly leaseMs: number },
): Accepted {
  const { lead, phoneHash, request, uses = [] } = intake;
  const earlier = ledger.remember(intake, id, now);
  if (earlier) return earlier;
  const second = ledger.take(uses, now);
  if (second) {
    ledger.forget(request.key);
    return { kind: 'used', use: second.kind };
  }
  const suppressed = ledger.isSuppressed(phoneHash);
  const day = Math.floor(now / DAY_MS);
  const caps = intake.caps.map((cap) => ({
    cap,
    n: ledger.count(day, cap.key, cap.kind === 'phone' ? phoneHash : null),
  }));
  const over = caps.find(({ cap, n }) => n > (cap.kind === 'visitor' ? cap.max : cap.max * REFUSED_AT));
  if (over) {
    for (const { cap } of caps) ledger.uncount(day, cap.key);
    ledger.giveBack(uses);
    ledger.forget(request.key);
    return { kind: 'over', cap: over.cap.kind };
  }
  const capped = caps.find(({ cap, n }) => cap.kind !== 'visitor' && n > cap.max)?.cap;
  const state = firstState(capped, suppressed, intake.start, now + leaseMs);
  ledger.insert(id, state, !suppressed);
  const conversation: Conversation = defined({
    id,
    status: state.status,
    attempts: state.attempts,
    reason: state.reason,
    createdAt: now,
    updatedAt: now,
    dueAt: state.leased ? undefined : state.nextAt,
  });
  if (!state.leased) return { kind: 'stored', conversation };
  const lease: Lease = { id, fence: 1, provider: lead.provider, attempts: state.attempts, createdAt: now };
  return { kind: 'stored', conversation, lease };
}

/** Looks from outside like a number that the provider refused, one attempt included. */
const SUPPRESSED: FirstState = { status: 'rejected', reason: 'phone', cause: 'suppressed', attempts: 1 };

/** A suppressed number that would be held or wait is held or waits like any other, so that nobody learns of the suppression that way. */
function firstState(capped: Cap | undefined, suppressed: boolean, start: Start, leaseUntil: number): FirstState {
  const held = (cause: Cause): FirstState => ({
    status: 'held',
    cause: suppressed ? 'suppressed' : cause,
    attempts: 0,
  });
  // A suspect over a cap as well is no lead to release with the others of that cap.
  if (start.kind === 'held') return held('suspect');
  if (capped) return held(capped.kind === 'phone' ? 'phone_cap' : 'site_cap');
  switch (start.kind) {
    case 'leased':
      if (suppressed) return SUPPRESSED;
      return { status: 'queued', attempts: 0, nextAt: leaseUntil, leased: true };
    case 'due':
      return { status: 'queued', attempts: 0, nextAt: start.at };
    case 'parked':
      return { status: 'parked', cause: 'provider', attempts: 0 };
  }
}
