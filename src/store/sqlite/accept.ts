import type { DatabaseSync } from 'node:sqlite';
import type { Known, LeadStore, NewLead, RequestKey, Use } from '../../domain/ports/lead-store.ts';
import { dayOf } from '../../lib/clock.ts';
import { decide, type FirstState, knownRequest, type Ledger, newId } from '../accept.ts';
import type { OutboxOptions } from '../options.ts';
import { referenceHash } from '../references.ts';
import { type Row, STATE } from '../rows.ts';
import type { SealedLead } from '../vault.ts';
import type { BatchCache } from './batch.ts';
import { BLANK_REQUEST, IS_COUNTER, isHashOfNumber, type Store } from './database.ts';

/** The answer to a request whose conversation was stored before, from a row of `FIND_REQUEST`. */
type KnownOf = (row: Row, request: RequestKey, now: number) => Known;

/** @param owner this process's name in leases */
export function createKnown({ owner, waitMs }: Pick<OutboxOptions, 'owner' | 'waitMs'>): KnownOf {
  const isOwn = (leaseOwner: string): boolean => leaseOwner === owner;
  return (row, request, now) => knownRequest(row, request, row.fingerprint as Uint8Array, { now, waitMs, isOwn });
}

/** Accepting leads: each is decided and stored inside the shared transaction of its batch. */
export function createAcceptance(store: Store, ledgerOf: LedgerOf, known: KnownOf): LeadStore {
  const { database, writer, vault, leaseMs } = store;
  const find = database.prepare(FIND_REQUEST);
  const counted = database.prepare(COUNTED);

  return {
    async lookup(request, now) {
      return store.read(() => {
        const row = find.get(request.key, request.key);
        return row && (row.expires_at as number) > now ? known(row, request, now) : undefined;
      });
    },
    async counted(key, now) {
      return store.read(() => (counted.get(dayOf(now), key, key)?.n as number | undefined) ?? 0);
    },
    accept(newLead, now) {
      const id = newId(now);
      const sealed = vault.seal(id, newLead.lead);
      return writer.write(() => decide(ledgerOf({ newLead, sealed, now }), newLead, { id, now, leaseMs }));
    },
  };
}

type Arriving = { readonly newLead: NewLead; readonly sealed: SealedLead; readonly now: number };

/** The ledger of one lead, for the transaction under way. */
type LedgerOf = (arriving: Arriving) => Ledger;

/** Finds a request, expired or not, with the state of its conversation. The index holds only four bytes of the key. */
const FIND_REQUEST = `
  SELECT requests.seq, fingerprint, expires_at, ${STATE} FROM requests JOIN conversations USING (seq)
  WHERE substr(key, 1, 4) = substr(?, 1, 4) AND key = ?`;

/** Counts in the transaction under way. All writes of a batch have to count here, because some counts are kept in memory. */
export type Counters = Pick<Ledger, 'count' | 'uncount'>;

/**
 * @param owner this process's name in leases
 * @param known gives the answer to a request whose conversation was stored before
 * @returns `cache`: the counts that the batch under way has not written yet
 */
export function createLedger(
  database: DatabaseSync,
  owner: string,
  known: (row: Row, request: RequestKey, now: number) => Known,
): { readonly ledgerOf: LedgerOf; readonly counters: Counters; readonly cache: BatchCache } {
  const suppressed = database.prepare(`SELECT 1 FROM suppressions WHERE ${isHashOfNumber('?')}`);
  const find = database.prepare(FIND_REQUEST);
  const blank = database.prepare(BLANK_REQUEST);
  const insert = prepareInsert(database, owner);
  const uses = prepareUses(database);
  const counters = prepareCounters(database);

  const ledgerOf: LedgerOf = (arriving) => ({
    take: uses.take,
    giveBack: uses.giveBack,
    count: counters.count,
    uncount: counters.uncount,
    // The request itself is written with its conversation, so that there is nothing to forget.
    remember({ request }, _id, now) {
      const row = find.get(request.key, request.key);
      if (row && (row.expires_at as number) > now) return known(row, request, now);
      if (row) blank.run(row.seq as number);
      return undefined;
    },
    forget: () => undefined,
    isSuppressed: (phoneHash) => suppressed.get(phoneHash, phoneHash) !== undefined,
    insert: (id, state, personal) => insert(arriving, id, state, personal),
  });
  return { ledgerOf, counters, cache: counters.cache };
}

function prepareInsert(database: DatabaseSync, owner: string) {
  const conversation = database.prepare(
    `INSERT INTO conversations (id, site, partner, provider, status, reason, cause, attempts, created_at, updated_at,
                                next_at, lease_owner, fence, personal, consent, reference_hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const refer = database.prepare('INSERT INTO lead_references (seq, reference, suppressed_at) VALUES (?, ?, ?)');
  const content = database.prepare('INSERT INTO leads (seq, phone_hash, lead_key, lead) VALUES (?, ?, ?, ?)');
  const remember = database.prepare(
    'INSERT INTO requests (seq, key, fingerprint, expires_at, phone_hash) VALUES (?, ?, ?, ?, ?)',
  );
  return ({ newLead, sealed, now }: Arriving, id: string, state: FirstState, personal: boolean): void => {
    const { lead, phoneHash, request } = newLead;
    const { lastInsertRowid: seq } = conversation.run(
      id,
      lead.site,
      lead.partner ?? null,
      lead.provider,
      state.status,
      state.reason ?? null,
      state.cause ?? null,
      state.attempts,
      now,
      now,
      state.nextAt ?? null,
      state.leased ? owner : null,
      state.leased ? 1 : 0,
      personal ? 1 : 0,
      lead.consent ? 1 : 0,
      lead.reference === undefined ? null : referenceHash(lead.reference),
    );
    if (lead.reference !== undefined) refer.run(seq, lead.reference, personal ? null : now);
    if (personal) content.run(seq, phoneHash, sealed.key, sealed.data);
    remember.run(seq, request.key, request.fingerprint, request.expiresAt, personal ? null : phoneHash);
  };
}

function prepareUses(database: DatabaseSync): Pick<Ledger, 'take' | 'giveBack'> {
  // Changes nothing if it was used before and could still be presented.
  const insert = database.prepare(
    `INSERT INTO uses (key, expires_at) VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE uses.expires_at <= ?`,
  );
  const remove = database.prepare('DELETE FROM uses WHERE key = ?');
  const giveBack = (uses: readonly Use[]): void => {
    for (const { key } of uses) remove.run(key);
  };
  return {
    take(uses, now) {
      const usedBefore = uses.findIndex(({ key, expiresAt }) => insert.run(key, expiresAt, now).changes === 0);
      if (usedBefore !== -1) giveBack(uses.slice(0, usedBefore));
      return uses[usedBefore];
    },
    giveBack,
  };
}

/**
 * Counts are stored plus this number: a row keeps its size until 2^31. A row that grows would move others, and leave copies of
 * their hashes behind.
 */
const COUNT_BASE = 2 ** 24;

type Count = { readonly day: number; readonly key: Uint8Array; n: number };

/**
 * Leads of one batch mostly share the counter of their site and that of a partner's address. Those counters are read once and
 * written once a batch. The counter of a number is written at once, so that an erasure in the same batch finds it.
 */
function prepareCounters(database: DatabaseSync): Counters & { readonly cache: BatchCache } {
  // One statement with RETURNING would do, but SQLite opens a temporary table for it each time.
  const read = database.prepare(`SELECT place, n - ${COUNT_BASE} AS n FROM counters WHERE ${IS_COUNTER}`);
  const begin = database.prepare('INSERT INTO counters (day, key, n, phone_hash) VALUES (?, ?, ?, ?)');
  const set = database.prepare('UPDATE counters SET n = ? WHERE place = ?');
  const cached = new Map<string, Count>();

  const write = ({ day, key, n }: Count, phoneHash: Uint8Array | null): void => {
    const place = read.get(day, phoneHash ?? key, key)?.place as number | undefined;
    if (place === undefined) begin.run(day, key, n + COUNT_BASE, phoneHash);
    else set.run(n + COUNT_BASE, place);
  };
  const countAtOnce = (day: number, key: Uint8Array, phoneHash: Uint8Array, by: 1 | -1): number => {
    const n = ((read.get(day, phoneHash, key)?.n as number | undefined) ?? 0) + by;
    write({ day, key, n }, phoneHash);
    return n;
  };
  const countInCache = (day: number, key: Uint8Array, by: 1 | -1): number => {
    const name = nameOf(day, key);
    const known = cached.get(name) ?? { day, key, n: (read.get(day, key, key)?.n as number | undefined) ?? 0 };
    known.n += by;
    cached.set(name, known);
    return known.n;
  };
  const change = (day: number, key: Uint8Array, phoneHash: Uint8Array | null, by: 1 | -1): number =>
    phoneHash === null ? countInCache(day, key, by) : countAtOnce(day, key, phoneHash, by);

  return {
    count: (day, key, phoneHash) => change(day, key, phoneHash, 1),
    uncount: (day, key, phoneHash) => void change(day, key, phoneHash, -1),
    cache: {
      write() {
        for (const count of cached.values()) write(count, null);
        cached.clear();
      },
      forget: () => cached.clear(),
    },
  };
}

/** How many leads were counted on a counter. The values are the day and twice the key, unless it is the counter of a number. */
const COUNTED = `SELECT n - ${COUNT_BASE} AS n FROM counters WHERE ${IS_COUNTER}`;

function nameOf(day: number, key: Uint8Array): string {
  return `${day}:${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}
