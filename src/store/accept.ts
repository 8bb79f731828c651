import type { Conversation } from '../domain/lead.ts';
import type { Cause, Lease } from '../domain/ports/delivery-queue.ts';
import type {
  Accepted,
  Cap,
  CapKind,
  CapPressure,
  Known,
  NewLead,
  RequestKey,
  Start,
  Use,
} from '../domain/ports/lead-store.ts';
import { isTestProvider, testOf } from '../domain/provider.ts';
import { dayOf } from '../lib/clock.ts';
import { defined } from '../lib/values.ts';
import type { OutboxOptions } from './options.ts';
import { type Row, toBuffer, toConversation } from './rows.ts';
import { randomBytes } from './vault.ts';

/** A lead beyond this many times its cap is refused; between once and this many times it is held. */
const REFUSED_AT = 10;
/** The share of a cap at which operators are warned, and the smallest cap of which that share is less than the cap. */
const NEAR = 0.8;
const SMALLEST_NEAR = 5;

/** Keys of caps have 16 or 32 bytes, so a key with this prefix is no other counter's. */
const SUSPECT_PREFIX = Buffer.from('s');

/** The counter of suspects beside the counter of a number or site. */
function suspectKey(key: Uint8Array): Buffer {
  return Buffer.concat([SUSPECT_PREFIX, key]);
}

/** Whether such a counter belongs to a number, so that the erasure of the number removes it. */
function isOfNumber(kind: Cap['kind']): boolean {
  return kind === 'phone' || kind === 'phone_total';
}

/** A counter that a lead is counted on; `phoneHash` is set for the counters of a number, which an erasure removes. */
type Counter = { readonly cap: Cap; readonly key: Uint8Array; readonly phoneHash: Uint8Array | null };

/**
 * The counters that a new lead is counted on. Suspects have counters of their own for number and site, because otherwise
 * robots could use up the caps with leads that are never sent.
 */
export function countersOf({ caps, phoneHash, start }: NewLead): readonly Counter[] {
  return caps.map((cap) => ({
    cap,
    key: start.kind === 'held' && cap.kind !== 'visitor' ? suspectKey(cap.key) : cap.key,
    phoneHash: isOfNumber(cap.kind) ? phoneHash : null,
  }));
}

/**
 * The state in which a new conversation is stored. `nextAt` means what it means in the schema: when the conversation is due,
 * or when its lease runs out.
 */
export type FirstState = Pick<Conversation, 'status' | 'attempts' | 'reason'> & {
  readonly cause?: Cause;
  readonly nextAt?: number;
  readonly leased?: boolean;
};

/** The reads and writes of the decision about a lead, inside the transaction under way. */
export type Ledger = {
  /** Records the request as that of conversation `id`. If it is known and has not expired, changes nothing and gives it. */
  remember(lead: NewLead, id: string, now: number): Known | undefined;
  forget(key: Uint8Array): void;
  /** Uses up all of them or none; if one was used before, gives the first such one. */
  take(uses: readonly Use[], now: number): Use | undefined;
  giveBack(uses: readonly Use[]): void;
  isSuppressed(phoneHash: Uint8Array): boolean;
  /** Counts one more lead and gives the new count. `phoneHash` is set for the counter of a number, null for others. */
  count(day: number, key: Uint8Array, phoneHash: Uint8Array | null): number;
  uncount(day: number, key: Uint8Array, phoneHash: Uint8Array | null): void;
  /** Stores the conversation, and with `personal` also the lead itself. */
  insert(id: string, state: FirstState, personal: boolean): void;
};

/** Decides about a lead: it repeats a known request, it is refused, or it is stored in the state that its caps ask for. */
export function decide(
  ledger: Ledger,
  newLead: NewLead,
  { id, now, leaseMs }: { readonly id: string; readonly now: number; readonly leaseMs: number },
): Accepted {
  const { lead, phoneHash, request, uses = [] } = newLead;
  const known = ledger.remember(newLead, id, now);
  if (known) return known;
  const usedBefore = ledger.take(uses, now);
  if (usedBefore) {
    ledger.forget(request.key);
    return { kind: 'used', use: usedBefore.kind };
  }
  const suppressed = ledger.isSuppressed(phoneHash);
  const day = dayOf(now);
  const counted = countersOf(newLead).map(({ cap, key, phoneHash }) => ({
    cap,
    key,
    phoneHash,
    n: ledger.count(day, key, phoneHash),
  }));
  const over = counted.find(({ cap, n }) => n > (cap.kind === 'visitor' ? cap.max : cap.max * REFUSED_AT));
  if (over) {
    for (const { key, phoneHash } of counted) ledger.uncount(day, key, phoneHash);
    ledger.giveBack(uses);
    ledger.forget(request.key);
    return { kind: 'over', cap: over.cap.kind };
  }
  const pressure = newLead.start.kind === 'held' ? [] : counted.flatMap(pressureOf);
  const capped = pressure.find(({ level }) => level === 'reached')?.cap;
  const state = firstState(capped, suppressed, newLead.start, now + leaseMs);
  ledger.insert(id, state, !suppressed);
  const conversation: Conversation = defined({
    id,
    status: state.status,
    attempts: state.attempts,
    reason: state.reason,
    createdAt: now,
    updatedAt: now,
    dueAt: state.leased ? undefined : state.nextAt,
    test: testOf(lead.provider),
  });
  const stored = { kind: 'stored', conversation, ...(pressure.length > 0 && { pressure }) } as const;
  if (!state.leased) return stored;
  const lease: Lease = { id, fence: 1, provider: lead.provider, attempts: state.attempts, createdAt: now };
  return { ...stored, lease, ...(suppressed && { suppressed }) };
}

/** Only one lead of a day makes a counter `near`, so that operators are told once. */
function pressureOf({ cap: { kind, max }, n }: { readonly cap: Cap; readonly n: number }): readonly CapPressure[] {
  if (kind === 'visitor') return [];
  if (n > max) return [{ cap: kind, level: 'reached' }];
  return max >= SMALLEST_NEAR && n === Math.floor(max * NEAR) ? [{ cap: kind, level: 'near' }] : [];
}

const CAUSES: Readonly<Record<CapKind, Cause>> = {
  phone: 'phone_cap',
  phone_total: 'phone_total_cap',
  site: 'site_cap',
};

/** A lead for a suppressed number is stored in the state of any other, so that the answer does not reveal the suppression. */
function firstState(capped: CapKind | undefined, suppressed: boolean, start: Start, leaseUntil: number): FirstState {
  const held = (cause: Cause): FirstState => ({
    status: 'held',
    cause: suppressed ? 'suppressed' : cause,
    attempts: 0,
  });
  // A suspect that also exceeds a cap must not be released together with the other leads of that cap.
  if (start.kind === 'held') return held('suspect');
  if (capped) return held(CAUSES[capped]);
  switch (start.kind) {
    case 'leased':
      return { status: 'queued', attempts: 0, nextAt: leaseUntil, leased: true };
    case 'due':
      return { status: 'queued', attempts: 0, nextAt: start.at };
    case 'parked':
      return { status: 'parked', cause: 'provider', attempts: 0 };
  }
}

/**
 * The answer to a known request.
 *
 * @param row the request's conversation, with the columns of `STATE`
 * @param fingerprint of the lead that came first under this key
 * @param options `isOwn` tells whether a lease owner is this process; `waitMs` is how long each process lets the caller of a
 *   first request wait, and so the longest that a request counts as under way
 */
export function knownRequest(
  row: Row,
  request: RequestKey,
  fingerprint: Uint8Array,
  { now, waitMs, isOwn }: { now: number; waitMs: number; isOwn: (leaseOwner: string) => boolean },
): Known {
  if (!toBuffer(fingerprint).equals(request.fingerprint)) return { kind: 'reused' };
  // This process knows its own requests under way from memory.
  const underWay =
    typeof row.lease_owner === 'string' &&
    !isOwn(row.lease_owner) &&
    row.attempts === 0 &&
    now < (row.created_at as number) + waitMs;
  return { kind: 'known', conversation: toConversation(row), underWay };
}

/**
 * A new conversation id: the time and 128 random bits. It cannot be guessed, since the id alone gives the right to read the
 * state. The time comes first, so that ids of one moment are neighbours in the index instead of touching a page each.
 */
export function newId(now: number): string {
  const bytes = Buffer.alloc(22);
  bytes.writeUIntBE(now, 0, 6);
  randomBytes(16).copy(bytes, 6);
  return `cnv_${bytes.toString('base64url')}`;
}

/** A change of a counter by one. `phoneHash` is set for the counters of a number, which an erasure removes. */
export type Change = {
  readonly day: number;
  readonly key: Uint8Array;
  readonly by: 1 | -1;
  readonly phoneHash: Uint8Array | null;
};

/**
 * The changes of counters when conversations are released. A suspect counts on the counters of its number and site of the day
 * of its release, because that is the day on which it is sent. Its counters of an earlier day have no effect any more.
 *
 * @param rows with cause, site, provider, created_at and phone_hash
 */
export function countReleased(rows: readonly Row[], capKeys: OutboxOptions['capKeys'], now: number): readonly Change[] {
  const day = dayOf(now);
  return rows
    .filter(({ cause, phone_hash: hash }) => cause === 'suspect' && hash instanceof Uint8Array)
    .flatMap((row): readonly Change[] => {
      const hash = toBuffer(row.phone_hash as Uint8Array);
      const keys = Object.entries(capKeys(row.site as string, hash, isTestProvider(row.provider as string))) as [
        CapKind,
        Uint8Array,
      ][];
      const today = dayOf(row.created_at as number) === day;
      return keys.flatMap(([kind, key]): readonly Change[] => {
        const phoneHash = isOfNumber(kind) ? hash : null;
        const counted: Change = { day, key, by: 1, phoneHash };
        return today ? [counted, { day, key: suspectKey(key), by: -1, phoneHash }] : [counted];
      });
    });
}
