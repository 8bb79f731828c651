import type { Arriving } from './accept.ts';
import { columns } from './columns.ts';
import type { Query } from './database.ts';
import { type createLedger, type Inserted, type Locked, requestValues } from './ledger.ts';

/**
 * Writes what the decisions of a batch came to.
 *
 * @param stamp in the leases of this batch
 */
export async function write(
  query: Query,
  arriving: readonly Arriving[],
  { inserted, request, uses, counters }: ReturnType<typeof createLedger>,
  locked: Locked,
  stamp: string,
): Promise<void> {
  const byId = new Map(arriving.map((one) => [one.id, one]));
  const sealedOf = ({ id }: Inserted): Arriving => byId.get(id) as Arriving;
  const requests = [...locked.requests].map(([key, row]) => ({ key: row.key, row: request(key), placed: row }));
  const changed = requests.flatMap(({ row, placed }) =>
    row && row.conversationId !== placed.conversationId ? [row] : [],
  );
  await query(WRITE, [
    ...columns(
      inserted,
      (one) => [...conversationValues(one, sealedOf(one), stamp), ...sealedValues(sealedOf(one))],
      16,
    ),
    ...columns(changed, requestValues, 5),
    requests.filter(({ row }) => row === undefined).map(({ key }) => key),
    ...columns([...uses], ([key, expiresAt]) => [Buffer.from(key, 'hex'), expiresAt], 2),
    ...columns(
      [...counters],
      ([name, n]) => [Number(name.split(':')[0]), Buffer.from(name.split(':')[1] as string, 'hex'), n],
      3,
    ),
  ]);
}

function conversationValues({ id, state, personal }: Inserted, { intake: { lead }, now }: Arriving, stamp: string) {
  return [
    id,
    lead.site,
    lead.partner,
    lead.provider,
    state.status,
    state.reason,
    state.cause,
    state.attempts,
    now,
    state.nextAt,
    state.leased ? stamp : null,
    state.leased ? 1 : 0,
    personal,
  ];
}

const sealedValues = ({ intake, sealed }: Arriving) => [intake.phoneHash, sealed.key, sealed.data];

/** Everything that the decisions came to. A use that is over at 0 was a placeholder, or was given back. */
const WRITE = {
  name: 'write_batch',
  text: `
    WITH arrived AS (
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                           $8::integer[], $9::bigint[], $10::bigint[], $11::text[], $12::integer[], $13::boolean[],
                           $14::bytea[], $15::bytea[], $16::bytea[])
        WITH ORDINALITY AS v (id, site, partner, provider, status, reason, cause, attempts, now, next_at, lease_owner, fence,
                              personal, phone_hash, lead_key, lead, place)
    ), stored AS (
      INSERT INTO conversations (id, site, partner, provider, status, reason, cause, attempts, created_at, updated_at,
                                 next_at, lease_owner, fence, personal)
      SELECT id, site, partner, provider, status, reason, cause, attempts, now, now, next_at, lease_owner, fence, personal
      FROM arrived ORDER BY place
      RETURNING seq, id, personal
    ), kept AS (
      INSERT INTO leads (seq, lead)
      SELECT seq, lead FROM stored JOIN arrived USING (id) WHERE stored.personal
    ), keyed AS (
      INSERT INTO lead_keys (seq, phone_hash, lead_key)
      SELECT seq, phone_hash, lead_key FROM stored JOIN arrived USING (id) WHERE stored.personal
    ), remembered AS (
      UPDATE requests SET fingerprint = v.fingerprint, conversation_id = v.conversation_id, expires_at = v.expires_at,
                          phone_hash = v.phone_hash
      FROM unnest($17::bytea[], $18::bytea[], $19::text[], $20::bigint[], $21::bytea[])
        AS v (key, fingerprint, conversation_id, expires_at, phone_hash)
      WHERE requests.key = v.key
    ), forgotten AS (
      DELETE FROM requests WHERE key = ANY ($22::bytea[])
    ), used AS (
      UPDATE uses SET expires_at = v.expires_at FROM unnest($23::bytea[], $24::bigint[]) AS v (key, expires_at)
      WHERE uses.key = v.key AND v.expires_at > 0 AND uses.expires_at <> v.expires_at
    ), unused AS (
      DELETE FROM uses USING unnest($23::bytea[], $24::bigint[]) AS v (key, expires_at)
      WHERE uses.key = v.key AND v.expires_at = 0
    ), counted AS (
      UPDATE counters SET n = v.n FROM unnest($25::integer[], $26::bytea[], $27::integer[]) AS v (day, key, n)
      WHERE counters.day = v.day AND counters.key = v.key AND counters.n <> v.n
    )
    SELECT 1`,
};
