import type { Ledger } from '../admit.ts';
import type { Intake, Known, RequestKey } from '../port.ts';
import type { SealedLead } from '../vault.ts';
import type { Store } from './store.ts';
import { prepareUses } from './uses.ts';

type Arriving = { readonly intake: Intake; readonly sealed: SealedLead; readonly now: number };

/**
 * Gives a function that makes the ledger of one lead, for the transaction under way.
 */
export function prepareLedger(
  { database, counters, owner }: Pick<Store, 'database' | 'counters' | 'owner'>,
  lookup: (request: RequestKey, now: number) => Known | undefined,
): (arriving: Arriving) => Ledger {
  const suppressed = database.prepare('SELECT 1 FROM suppressions WHERE phone_hash = ?');
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

  return ({ intake, sealed, now }) => ({
    ...uses,
    remember({ request, phoneHash }, id) {
      const { key, fingerprint, expiresAt } = request;
      const { changes } = remember.run(key, fingerprint, id, expiresAt, phoneHash, now);
      return changes === 0 ? lookup(request, now) : undefined;
    },
    forget: (key) => void forget.run(key),
    isSuppressed: (phoneHash) => suppressed.get(phoneHash) !== undefined,
    count: counters.count,
    uncount: counters.uncount,
    insert(id, state, personal) {
      const { lead, phoneHash } = intake;
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
        personal ? 1 : 0,
      );
      if (personal) keep.run(seq, phoneHash, sealed.key, sealed.data);
    },
  });
}
