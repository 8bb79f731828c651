import type { Known, LeadStore, RequestKey } from '../../domain/ports/lead-store.ts';
import { dayOf } from '../../lib/clock.ts';
import { decide, knownRequest, newId } from '../accept.ts';
import type { OutboxOptions } from '../options.ts';
import type { Row } from '../rows.ts';
import type { Store } from './database.ts';
import { COUNTED, FIND_REQUEST, type LedgerOf } from './ledger.ts';

/** The answer to a request whose conversation was stored before, from a row of `FIND_REQUEST`. */
export type KnownOf = (row: Row, request: RequestKey, now: number) => Known;

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
