import { admit } from '../admit.ts';
import { DAY_MS } from '../days.ts';
import { newId } from '../id.ts';
import type { IntakeStore, Known, RequestKey } from '../port.ts';
import { STATE, toConversation } from '../rows.ts';
import { prepareLedger } from './ledger.ts';
import type { Row, Store } from './store.ts';

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
  const counted = database.prepare('SELECT n FROM counters WHERE day = ? AND key = ?');

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
  const ledgerOf = prepareLedger(store, lookup);

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
      return writer.write(() => admit(ledgerOf({ intake, sealed, now }), intake, { id, now, leaseMs }));
    },
  };
}
