import type { Known, LeadStore, RequestKey } from '../../domain/ports/lead-store.ts';
import { dayOf } from '../../lib/clock.ts';
import { decide, knownRequest, newId } from '../accept.ts';
import { STATE } from '../rows.ts';
import type { Store } from './database.ts';
import type { LedgerOf } from './ledger.ts';

/** Accepting leads: each is decided and stored inside the shared transaction of its batch. */
export function createAcceptance(store: Store, ledgerOf: LedgerOf): LeadStore {
  const { database, writer, vault, owner, leaseMs, waitMs } = store;
  const known = database.prepare(
    `SELECT requests.fingerprint, ${STATE} FROM requests JOIN conversations ON conversations.id = requests.conversation_id
     WHERE requests.key = ? AND requests.expires_at > ?`,
  );
  const counted = database.prepare('SELECT n FROM counters WHERE day = ? AND key = ?');
  const isOwn = (leaseOwner: string): boolean => leaseOwner === owner;

  const lookup = (request: RequestKey, now: number): Known | undefined => {
    const row = known.get(request.key, now);
    return row && knownRequest(row, request, row.fingerprint as Uint8Array, { now, waitMs, isOwn });
  };

  return {
    async lookup(request, now) {
      return store.read(() => lookup(request, now));
    },
    async counted(key, now) {
      return store.read(() => (counted.get(dayOf(now), key)?.n as number | undefined) ?? 0);
    },
    accept(newLead, now) {
      const id = newId(now);
      const sealed = vault.seal(newLead.lead);
      return writer.write(() => decide(ledgerOf({ newLead, sealed, now }, lookup), newLead, { id, now, leaseMs }));
    },
  };
}
