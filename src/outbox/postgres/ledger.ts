import type { FirstState, Ledger } from '../admit.ts';
import type { Intake, Known, RequestKey } from '../port.ts';
import type { Row } from './database.ts';

/** What the transaction locked for a batch: each row as it was, or as its placeholder. Keys are hex. */
export type Locked = {
  readonly requests: ReadonlyMap<string, RequestRow>;
  /** When each use is over; a placeholder is over at 0. */
  readonly uses: ReadonlyMap<string, number>;
  /** By `counterName`. */
  readonly counters: ReadonlyMap<string, number>;
  readonly suppressed: ReadonlySet<string>;
  /** Conversations that were there before, by id. */
  readonly conversations: ReadonlyMap<string, Row>;
};

export type RequestRow = {
  readonly key: Uint8Array;
  readonly fingerprint: Uint8Array;
  readonly conversationId: string;
  readonly expiresAt: number;
  readonly phoneHash: Uint8Array;
};

export type Inserted = { readonly id: string; readonly state: FirstState; readonly personal: boolean };

/** In the order in which the statements take them. */
export const requestValues = (row: RequestRow) => [
  row.key,
  row.fingerprint,
  row.conversationId,
  row.expiresAt,
  row.phoneHash,
];

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const counterName = (day: number, key: Uint8Array): string => `${day}:${hex(key)}`;

/**
 * The ledger of one batch, in memory: what was locked, changed by each decision in its turn. What it holds in the end is
 * what has to be written.
 *
 * @param known what a caller is told of a conversation that was there before
 */
export function createLedger(
  locked: Locked,
  known: (row: Row, request: RequestKey, fingerprint: Uint8Array, now: number) => Known,
) {
  const requests = new Map<string, RequestRow | undefined>();
  const uses = new Map(locked.uses);
  const counters = new Map(locked.counters);
  const conversations = new Map(locked.conversations);
  const inserted: Inserted[] = [];

  /** The request as it stands; a placeholder names a conversation that is not there. */
  const requestOf = (key: string): RequestRow | undefined => {
    const row = requests.has(key) ? requests.get(key) : locked.requests.get(key);
    return row && conversations.has(row.conversationId) ? row : undefined;
  };

  const ledger = (now: number): Ledger => ({
    remember({ request, phoneHash }: Intake, id) {
      const key = hex(request.key);
      const earlier = requestOf(key);
      const row = earlier && earlier.expiresAt > now && conversations.get(earlier.conversationId);
      if (row) return known(row, request, earlier.fingerprint, now);
      requests.set(key, { ...request, phoneHash, conversationId: id });
      return undefined;
    },
    forget: (key) => void requests.set(hex(key), undefined),
    take(wanted, at) {
      const second = wanted.find(({ key }) => (uses.get(hex(key)) ?? 0) > at);
      if (!second) for (const { key, expiresAt } of wanted) uses.set(hex(key), expiresAt);
      return second;
    },
    giveBack(taken) {
      for (const { key } of taken) uses.set(hex(key), 0);
    },
    isSuppressed: (phoneHash) => locked.suppressed.has(hex(phoneHash)),
    count(day, key) {
      const name = counterName(day, key);
      const n = (counters.get(name) ?? 0) + 1;
      counters.set(name, n);
      return n;
    },
    uncount(day, key) {
      const name = counterName(day, key);
      counters.set(name, (counters.get(name) ?? 0) - 1);
    },
    insert(id, state, personal) {
      inserted.push({ id, state, personal });
      conversations.set(id, rowOf(id, state, now));
    },
  });

  return {
    ledger,
    inserted,
    counters,
    uses,
    /** What is remembered of each request that was locked; those without are forgotten. */
    request: (key: string) => requestOf(key),
  };
}

/** A conversation of this very batch as a later lead of it finds it: ours, and so under way in memory. */
function rowOf(id: string, { status, attempts, reason, nextAt, leased }: FirstState, now: number): Row {
  return {
    id,
    status,
    attempts,
    reason: reason ?? null,
    created_at: now,
    updated_at: now,
    next_at: nextAt ?? null,
    lease_owner: leased ? '' : null,
  };
}
