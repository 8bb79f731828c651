import type { DatabaseSync } from 'node:sqlite';
import type { Known, NewLead, RequestKey, Use } from '../../domain/ports/lead-store.ts';
import type { FirstState, Ledger } from '../accept.ts';
import type { SealedLead } from '../vault.ts';
import type { BatchCache } from './batch.ts';

export type Arriving = { readonly newLead: NewLead; readonly sealed: SealedLead; readonly now: number };

/** The ledger of one lead, for the transaction under way. */
export type LedgerOf = (arriving: Arriving, lookup: (request: RequestKey, now: number) => Known | undefined) => Ledger;

/**
 * @param owner this process's name in leases
 * @returns `cache`: the counts that the batch under way has not written yet
 */
export function createLedger(
  database: DatabaseSync,
  owner: string,
): { readonly ledgerOf: LedgerOf; readonly cache: BatchCache } {
  const suppressed = database.prepare('SELECT 1 FROM suppressions WHERE phone_hash = ?');
  // Changes nothing if the request is known and has not expired.
  const remember = database.prepare(
    `INSERT INTO requests (key, fingerprint, conversation_id, expires_at, phone_hash) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, conversation_id = excluded.conversation_id,
                                     expires_at = excluded.expires_at, phone_hash = excluded.phone_hash
     WHERE requests.expires_at <= ?`,
  );
  const forget = database.prepare('DELETE FROM requests WHERE key = ?');
  const insert = prepareInsert(database, owner);
  const uses = prepareUses(database);
  const counters = prepareCounters(database);

  const ledgerOf: LedgerOf = (arriving, lookup) => ({
    take: uses.take,
    giveBack: uses.giveBack,
    count: counters.count,
    uncount: counters.uncount,
    remember({ request, phoneHash }, id, now) {
      const { key, fingerprint, expiresAt } = request;
      const { changes } = remember.run(key, fingerprint, id, expiresAt, phoneHash, now);
      return changes === 0 ? lookup(request, now) : undefined;
    },
    forget: (key) => void forget.run(key),
    isSuppressed: (phoneHash) => suppressed.get(phoneHash) !== undefined,
    insert: (id, state, personal) => insert(arriving, id, state, personal),
  });
  return { ledgerOf, cache: counters.cache };
}

function prepareInsert(database: DatabaseSync, owner: string) {
  const conversation = database.prepare(
    `INSERT INTO conversations (id, site, partner, provider, status, reason, cause, attempts, created_at, updated_at,
                                next_at, lease_owner, fence, personal)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const content = database.prepare('INSERT INTO leads (seq, phone_hash, lead_key, lead) VALUES (?, ?, ?, ?)');
  return ({ newLead, sealed, now }: Arriving, id: string, state: FirstState, personal: boolean): void => {
    const { lead, phoneHash } = newLead;
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
    );
    if (personal) content.run(seq, phoneHash, sealed.key, sealed.data);
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

type Count = { readonly day: number; readonly key: Uint8Array; n: number };

/**
 * Leads of one batch mostly share the counter of their site and that of a partner's address. Those counters are read once and
 * written once a batch. The counter of a number is written at once, so that an erasure in the same batch finds it.
 */
function prepareCounters(database: DatabaseSync): Pick<Ledger, 'count' | 'uncount'> & { readonly cache: BatchCache } {
  // One statement with RETURNING would do, but SQLite opens a temporary table for it each time.
  const read = database.prepare('SELECT n FROM counters WHERE day = ? AND key = ?');
  const begin = database.prepare('INSERT INTO counters (day, key, n, phone_hash) VALUES (?, ?, 1, ?)');
  const set = database.prepare('UPDATE counters SET n = ? WHERE day = ? AND key = ?');
  const decrement = database.prepare('UPDATE counters SET n = n - 1 WHERE day = ? AND key = ?');
  const write = database.prepare(
    'INSERT INTO counters (day, key, n) VALUES (?, ?, ?) ON CONFLICT (day, key) DO UPDATE SET n = excluded.n',
  );
  const cached = new Map<string, Count>();

  const countAtOnce = (day: number, key: Uint8Array, phoneHash: Uint8Array): number => {
    const before = read.get(day, key)?.n as number | undefined;
    if (before === undefined) begin.run(day, key, phoneHash);
    else set.run(before + 1, day, key);
    return (before ?? 0) + 1;
  };

  return {
    count(day, key, phoneHash) {
      if (phoneHash !== null) return countAtOnce(day, key, phoneHash);
      const name = nameOf(day, key);
      const known = cached.get(name);
      if (known) return ++known.n;
      const n = ((read.get(day, key)?.n as number | undefined) ?? 0) + 1;
      cached.set(name, { day, key, n });
      return n;
    },
    uncount(day, key) {
      const known = cached.get(nameOf(day, key));
      if (known) known.n -= 1;
      else decrement.run(day, key);
    },
    cache: {
      write() {
        for (const { day, key, n } of cached.values()) write.run(day, key, n);
        cached.clear();
      },
      forget: () => cached.clear(),
    },
  };
}

function nameOf(day: number, key: Uint8Array): string {
  return `${day}:${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}
