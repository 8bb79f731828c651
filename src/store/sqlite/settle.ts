import type { DatabaseSync } from 'node:sqlite';
import type { Account, LeaseStore, Settled, Settlement } from '../../domain/ports/delivery-queue.ts';
import {
  acceptsCredentials,
  createRecordedAcceptances,
  type Parking,
  type RecordedAcceptances,
  recordAcceptance,
  recordRefusal,
  refusesCredentials,
  toAttemptRow,
  toProviderRecord,
  toSettled,
} from '../settle.ts';
import type { Store } from './database.ts';
import { prepareAttempts, prepareMessages } from './history.ts';

/** Renewing and ending leases. */
export function createLeases({ database, writer, vault, owner, leaseMs, messageKey }: Store): LeaseStore {
  const recorded = createRecordedAcceptances();
  const recordAnswer = prepareStreaks(database, recorded);
  const recordMessage = prepareMessages(database, messageKey);
  const recordAttempt = prepareAttempts(database);
  const extend = database.prepare(
    'UPDATE conversations SET next_at = ? WHERE id = ? AND fence = ? AND lease_owner = ?',
  );
  const close = database.prepare(
    `UPDATE conversations
     SET status = ?, reason = ?, cause = ?, next_at = ?, updated_at = ?,
         attempts = attempts + ?, tries = tries + ?, unknowns = unknowns + ?, lease_owner = NULL, message = 0
     WHERE id = ? AND fence = ? AND lease_owner = ?`,
  );
  const blank = database.prepare(
    `UPDATE descriptions SET description = NULL
     WHERE seq = (SELECT seq FROM conversations WHERE id = ?) AND description IS NOT NULL`,
  );
  const describe = database.prepare(
    'INSERT INTO descriptions (seq, description) SELECT seq, ? FROM conversations WHERE id = ?',
  );
  const park = database.prepare(
    `UPDATE conversations SET status = 'parked', cause = 'provider', next_at = NULL WHERE id = ?`,
  );

  return {
    renew(leases, now) {
      return writer.write(() => {
        for (const { id, fence } of leases) extend.run(now + leaseMs, id, fence, owner);
      });
    },
    settle(lease, settlement, now) {
      const description =
        settlement.description === undefined ? null : vault.sealText(lease.id, 'description', settlement.description);
      const attempt = toAttemptRow(lease, settlement, vault);
      const settled = writer.write((): Settled | undefined => {
        const { status, reason, cause, dueAt, attempted, repeatable } = settlement;
        const { id, fence, provider } = lease;
        const calls = attempted ? 1 : 0;
        const { changes } = close.run(
          status,
          reason ?? null,
          cause ?? null,
          dueAt ?? null,
          now,
          calls,
          calls,
          repeatable ? 1 : 0,
          id,
          fence,
          owner,
        );
        if (changes === 0) return undefined;
        // A delivered lead keeps no words of an earlier attempt.
        if (description !== null || (status === 'delivered' && lease.attempts > 0)) blank.run(id);
        if (description !== null) describe.run(description, id);
        if (settlement.message !== undefined) recordMessage(id, provider, settlement.message, now);
        const parking = recordAnswer(provider, id, settlement, now);
        if (parking !== 'in-use') park.run(id);
        if (attempt) recordAttempt(attempt, now, parking === 'in-use' ? dueAt : undefined);
        return toSettled(lease, settlement, now, parking);
      });
      if (acceptsCredentials(settlement) && !recorded.has(lease.provider, settlement.account)) {
        // Only after the commit: an acceptance that was rolled back has to be recorded by the next one.
        settled.then(
          (result) => result && recorded.add(lease.provider, settlement.account),
          () => undefined,
        );
      }
      return settled;
    },
  };
}

/** Records what an answer says about the provider's credentials, inside the transaction that settles `lead`. */
type RecordAnswer = (provider: string, lead: string, settlement: Settlement, now: number) => Parking;

/** @param recorded acceptances that are committed; the caller adds to them after its commit */
function prepareStreaks(database: DatabaseSync, recorded: Pick<RecordedAcceptances, 'has'>): RecordAnswer {
  const get = database.prepare('SELECT streak, parked_at, credentials, proof FROM providers WHERE id = ?');
  const set = database.prepare(
    `INSERT INTO providers (id, streak, parked_at, probe_at, credentials) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET streak = excluded.streak, parked_at = excluded.parked_at,
                                    probe_at = excluded.probe_at, credentials = excluded.credentials`,
  );
  const clear = database.prepare(
    `UPDATE providers SET streak = '[]' WHERE id = ? AND streak <> '[]' AND parked_at IS NULL`,
  );
  const setProof = database.prepare(
    'INSERT INTO providers (id, proof) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET proof = excluded.proof',
  );

  const accepted = (provider: string, account: Account): void => {
    clear.run(provider);
    if (recorded.has(provider, account)) return;
    const proof = recordAcceptance(toProviderRecord(get.get(provider)), account);
    if (proof !== undefined) setProof.run(provider, proof);
  };

  return (provider, lead, settlement, now) => {
    if (acceptsCredentials(settlement)) accepted(provider, settlement.account);
    if (!refusesCredentials(settlement)) return 'in-use';
    const { parking, columns } = recordRefusal(toProviderRecord(get.get(provider)), settlement.account, lead, now);
    if (columns) set.run(provider, columns.streak, columns.parkedAt, columns.probeAt, columns.credentials);
    return parking;
  };
}
