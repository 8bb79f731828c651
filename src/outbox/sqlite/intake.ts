import { defined } from '../../conversation/defined.ts';
import type { Conversation } from '../../conversation/types.ts';
import { DAY_MS } from '../days.ts';
import type { Accepted, Cap, Cause, Intake, IntakeStore, Known, RequestKey, Start } from '../port.ts';
import { randomBytes } from '../random.ts';
import type { SealedLead } from '../vault.ts';
import { type Row, STATE, type Store, toConversation } from './store.ts';
import { prepareUses } from './uses.ts';

/** A lead is refused beyond this many times its cap, and held between. */
const REFUSED_AT = 10;

/**
 * Taking leads in.
 *
 * @param waitMs how long the process that took a lead lets its caller wait: as long may the first request be under way
 */
export function createIntake(store: Store, waitMs: number): IntakeStore {
  const { database, writer, vault, owner, leaseMs } = store;
  const known = database.prepare(
    `SELECT requests.fingerprint, ${STATE} FROM requests JOIN conversations ON conversations.id = requests.conversation_id
     WHERE requests.key = ? AND requests.expires_at > ?`,
  );
  const suppressed = database.prepare('SELECT 1 FROM suppressions WHERE phone_hash = ?');
  const count = database.prepare(
    `INSERT INTO counters (day, key, n, phone_hash) VALUES (?, ?, 1, ?)
     ON CONFLICT (day, key) DO UPDATE SET n = n + 1 RETURNING n`,
  );
  const counted = database.prepare('SELECT n FROM counters WHERE day = ? AND key = ?');
  const uncount = database.prepare('UPDATE counters SET n = n - 1 WHERE day = ? AND key = ?');
  const insert = database.prepare(
    `INSERT INTO conversations (id, site, partner, provider, status, reason, cause, attempts, created_at, updated_at,
                                next_at, lease_owner, fence, personal)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const keep = database.prepare('INSERT INTO leads (seq, phone_hash, lead_key, lead) VALUES (?, ?, ?, ?)');
  // Changes nothing where the request is known and not over.
  const remember = database.prepare(
    `INSERT INTO requests (key, fingerprint, conversation_id, expires_at, phone_hash) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, conversation_id = excluded.conversation_id,
                                     expires_at = excluded.expires_at, phone_hash = excluded.phone_hash
     WHERE requests.expires_at <= ?`,
  );
  const forget = database.prepare('DELETE FROM requests WHERE key = ?');
  const uses = prepareUses(database);

  const lookup = (request: RequestKey, now: number): Known | undefined => {
    const row = known.get(request.key, now);
    if (!row) return undefined;
    if (!Buffer.from(row.fingerprint as Uint8Array).equals(request.fingerprint)) return { kind: 'reused' };
    return { kind: 'known', conversation: toConversation(row), underWay: isUnderWay(row, now) };
  };
  // Another process took it and its caller still waits. Our own requests under way are known in memory.
  const isUnderWay = (row: Row, now: number): boolean =>
    row.lease_owner !== null &&
    row.lease_owner !== owner &&
    row.attempts === 0 &&
    now < (row.created_at as number) + waitMs;

  const storeNew = (intake: Intake, id: string, sealed: SealedLead, now: number): Accepted => {
    const { lead, phoneHash, uses: used = [] } = intake;
    const { key, fingerprint, expiresAt } = intake.request;
    if (remember.run(key, fingerprint, id, expiresAt, phoneHash, now).changes === 0) {
      const earlier = lookup(intake.request, now);
      if (earlier) return earlier;
    }
    const second = uses.take(used, now);
    if (second) {
      forget.run(key);
      return { kind: 'used', use: second.kind };
    }
    const stopped = suppressed.get(phoneHash) !== undefined;
    const day = Math.floor(now / DAY_MS);
    const caps = intake.caps.map((cap) => ({
      cap,
      n: count.get(day, cap.key, cap.kind === 'phone' ? phoneHash : null)?.n as number,
    }));
    const over = caps.find(({ cap, n }) => n > (cap.kind === 'visitor' ? cap.max : cap.max * REFUSED_AT));
    if (over) {
      for (const { cap } of caps) uncount.run(day, cap.key);
      uses.giveBack(used);
      forget.run(key);
      return { kind: 'over', cap: over.cap.kind };
    }
    const capped = caps.find(({ cap, n }) => cap.kind !== 'visitor' && n > cap.max)?.cap;
    const state = firstState(capped, stopped, intake.start, now + leaseMs);
    const { lastInsertRowid: seq } = insert.run(
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
      stopped ? 0 : 1,
    );
    if (!stopped) keep.run(seq, phoneHash, sealed.key, sealed.data);
    const conversation: Conversation = defined({
      id,
      status: state.status,
      attempts: state.attempts,
      reason: state.reason,
      createdAt: now,
      updatedAt: now,
      dueAt: state.leased ? undefined : state.nextAt,
    });
    return { kind: 'stored', conversation, ...(state.leased && { lease: { id, fence: 1 } }) };
  };

  return {
    async lookup(request, now) {
      return store.read(() => lookup(request, now));
    },
    async counted(key, now) {
      return store.read(() => (counted.get(Math.floor(now / DAY_MS), key)?.n as number | undefined) ?? 0);
    },
    accept(intake, now) {
      const id = newId(now);
      const sealed = vault.seal(intake.lead);
      return writer.write(() => storeNew(intake, id, sealed, now));
    },
  };
}

type FirstState = Pick<Conversation, 'status' | 'attempts' | 'reason'> & {
  readonly cause?: Cause;
  readonly nextAt?: number;
  readonly leased?: boolean;
};

/** Looks from outside like a number that the provider refused, one attempt included. */
const SUPPRESSED: FirstState = { status: 'rejected', reason: 'phone', cause: 'suppressed', attempts: 1 };

/** A suppressed number that would be held is held like any other, so that nobody learns of the suppression that way. */
function firstState(capped: Cap | undefined, suppressed: boolean, start: Start, leaseUntil: number): FirstState {
  const held = (cause: Cause): FirstState => ({
    status: 'held',
    cause: suppressed ? 'suppressed' : cause,
    attempts: 0,
  });
  // A suspect over a cap as well is no lead to release with the others of that cap.
  if (start.kind === 'held') return held('suspect');
  if (capped) return held(capped.kind === 'phone' ? 'phone_cap' : 'site_cap');
  if (suppressed) return SUPPRESSED;
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
 * The time and 128 random bits: unguessable, since the id alone gives the right to read the state. With the time in front,
 * ids of one moment lie together in the index; at random they would cost a page each.
 */
function newId(now: number): string {
  const bytes = Buffer.alloc(22);
  bytes.writeUIntBE(now, 0, 6);
  randomBytes(16).copy(bytes, 6);
  return `cnv_${bytes.toString('base64url')}`;
}
