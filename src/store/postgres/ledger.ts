import type { Lead } from '../../domain/lead.ts';
import type { Known, NewLead, RequestKey } from '../../domain/ports/lead-store.ts';
import type { FirstState, Ledger } from '../accept.ts';
import type { Row } from '../rows.ts';
import type { SealedLead } from '../vault.ts';

/** A lead that is being accepted, under the id that its conversation will have. */
export type Arriving = {
  readonly newLead: NewLead;
  readonly id: string;
  readonly sealed: SealedLead;
  readonly now: number;
};

/** The rows that the transaction locked for a batch, as they were or as their placeholders. Keys are hex. */
export type LockedRows = {
  readonly requests: ReadonlyMap<string, RequestRow>;
  /** When each use expires; that of a placeholder is 0. */
  readonly uses: ReadonlyMap<string, number>;
  /** By `counterName`. */
  readonly counters: ReadonlyMap<string, number>;
  readonly suppressed: ReadonlySet<string>;
  /** Conversations that were stored before, by id. */
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

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const counterName = (day: number, key: Uint8Array): string => `${day}:${hex(key)}`;

/**
 * The ledger of one batch, in memory: the locked rows, changed by each decision in its turn. Its final content is what has to be
 * written.
 *
 * @param known gives the answer to a request whose conversation was stored before
 */
export function createLedger(
  locked: LockedRows,
  known: (row: Row, request: RequestKey, fingerprint: Uint8Array, now: number) => Known,
) {
  const requests = new Map<string, RequestRow | undefined>();
  const uses = new Map(locked.uses);
  const counters = new Map(locked.counters);
  const conversations = new Map(locked.conversations);
  const inserted: Inserted[] = [];

  /** The request as it stands now; `undefined` for a placeholder, which names a conversation that is not stored. */
  const requestOf = (key: string): RequestRow | undefined => {
    const row = requests.has(key) ? requests.get(key) : locked.requests.get(key);
    return row && conversations.has(row.conversationId) ? row : undefined;
  };

  const ledgerAt = ({ provider }: Lead, now: number): Ledger => ({
    remember({ request, phoneHash }, id) {
      const key = hex(request.key);
      const earlier = requestOf(key);
      const row = earlier && earlier.expiresAt > now && conversations.get(earlier.conversationId);
      if (row) return known(row, request, earlier.fingerprint, now);
      requests.set(key, { ...request, phoneHash, conversationId: id });
      return undefined;
    },
    forget: (key) => void requests.set(hex(key), undefined),
    take(wanted, at) {
      const usedBefore = wanted.find(({ key }) => (uses.get(hex(key)) ?? 0) > at);
      if (!usedBefore) for (const { key, expiresAt } of wanted) uses.set(hex(key), expiresAt);
      return usedBefore;
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
      conversations.set(id, { ...rowOf(id, state, now), provider });
    },
  });

  /** `requestOf`: the final row of a locked request; a request without one is forgotten. */
  return { ledgerAt, inserted, counters, uses, requestOf };
}

/** A conversation of this batch, as a later lead of the batch finds it. Its lease is our own, so it is under way in memory. */
function rowOf(id: string, { status, attempts, reason, nextAt, leased }: FirstState, now: number): Row {
  return {
    id,
    status,
    attempts,
    reason: reason ?? null,
    created_at: now,
    updated_at: now,
    next_at: nextAt ?? null,
    lease_owner: leased ? OWN_BATCH : null,
  };
}

/** The lease owner of conversations that the batch under way stores. */
export const OWN_BATCH = '';
