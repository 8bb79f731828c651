import { dayOf } from '../../lib/clock.ts';
import { type Change, countersOf } from '../accept.ts';
import { referenceHash } from '../references.ts';
import { type Row, STATE } from '../rows.ts';
import { type Query, toColumns } from './database.ts';
import {
  type Arriving,
  counterName,
  type createLedger,
  hex,
  type Inserted,
  type LockedRows,
  type RequestRow,
} from './ledger.ts';

/**
 * Locks the rows that the leads of a batch may change, and reads them.
 *
 * @param inDoubt whether an earlier run of the same batch may have been committed: then conversations under its own ids count
 */
export async function lockBatch(query: Query, arriving: readonly Arriving[], inDoubt: boolean): Promise<LockedRows> {
  const requests = sortedBy(
    arriving.map(
      ({ newLead: { request, phoneHash }, id }): RequestRow => ({ ...request, phoneHash, conversationId: id }),
    ),
    ({ key }) => hex(key),
  );
  const uses = sortedBy(
    arriving.flatMap(({ newLead }) => newLead.uses ?? []),
    ({ key }) => hex(key),
  );
  const counters = sortedBy(
    arriving.flatMap(({ newLead, now }) =>
      countersOf(newLead).map(({ key, phoneHash }) => ({ day: dayOf(now), key, phoneHash })),
    ),
    ({ day, key }) => counterName(day, key),
  );
  const rows = await query(LOCK, [
    ...toColumns(requests, requestValues, 5),
    ...toColumns(uses, ({ key }) => [key], 1),
    ...toColumns(counters, ({ day, key, phoneHash }) => [day, key, phoneHash], 3),
    arriving.map(({ newLead }) => newLead.phoneHash),
  ]);
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  const placed = new Map(of('request').map((row) => [hex(row.key as Buffer), toRequest(row)]));
  // Only the next statement sees what was committed between the start of the first one and our lock.
  const own = new Set(inDoubt ? [] : arriving.map(({ id }) => id));
  const ids = [...placed.values()].map(({ conversationId }) => conversationId).filter((id) => !own.has(id));
  if (inDoubt) ids.push(...arriving.map(({ id }) => id));
  const found = ids.length === 0 ? [] : await query(FIND, [ids]);
  return {
    requests: placed,
    uses: new Map(of('use').map((row) => [hex(row.key as Buffer), row.expires_at as number])),
    counters: new Map(of('counter').map((row) => [counterName(row.day as number, row.key as Buffer), row.n as number])),
    suppressed: new Set(of('suppressed').map((row) => hex(row.key as Buffer))),
    conversations: new Map(found.map((row) => [row.id as string, row])),
  };
}

/** In the order in which the statements take them. */
const requestValues = (row: RequestRow) => [row.key, row.fingerprint, row.conversationId, row.expiresAt, row.phoneHash];

const toRequest = (row: Row): RequestRow => ({
  key: row.key as Buffer,
  fingerprint: row.fingerprint as Buffer,
  conversationId: row.conversation_id as string,
  expiresAt: row.expires_at as number,
  phoneHash: row.phone_hash as Buffer,
});

/** Each name once, in the one order in which all replicas lock. */
function sortedBy<T>(items: readonly T[], name: (item: T) => string): T[] {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(name(item))) byName.set(name(item), item);
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/**
 * Writes the decisions of a batch.
 *
 * @param stamp the owner of the leases of this batch
 */
export async function writeBatch(
  query: Query,
  arriving: readonly Arriving[],
  { inserted, requestOf, uses, counters }: ReturnType<typeof createLedger>,
  locked: LockedRows,
  stamp: string,
): Promise<void> {
  const byId = new Map(arriving.map((one) => [one.id, one]));
  const requests = [...locked.requests].map(([key, placed]) => ({ key: placed.key, row: requestOf(key), placed }));
  const changed = requests.flatMap(({ row, placed }) =>
    row && row.conversationId !== placed.conversationId ? [row] : [],
  );
  await query(WRITE, [
    ...toColumns(inserted, (one) => insertedValues(one, byId.get(one.id) as Arriving, stamp), 19),
    ...toColumns(changed, requestValues, 5),
    requests.filter(({ row }) => row === undefined).map(({ key }) => key),
    ...toColumns([...uses], ([key, expiresAt]) => [Buffer.from(key, 'hex'), expiresAt], 2),
    ...toColumns(
      [...counters],
      ([name, n]) => [Number(name.split(':')[0]), Buffer.from(name.split(':')[1] as string, 'hex'), n],
      3,
    ),
  ]);
}

function insertedValues(
  { id, state, personal }: Inserted,
  { newLead: { lead, phoneHash }, sealed, now }: Arriving,
  stamp: string,
): unknown[] {
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
    phoneHash,
    sealed.key,
    sealed.data,
    lead.consent !== undefined,
    lead.reference,
    lead.reference === undefined ? undefined : referenceHash(lead.reference),
  ];
}

/** Changes counters outside a batch, inside the transaction under way. Locks them in the order in which batches do. */
export async function changeCounters(query: Query, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const byName = Map.groupBy(changes, ({ day, key }) => counterName(day, key));
  const sums = sortedBy(changes, ({ day, key }) => counterName(day, key)).map(({ day, key, phoneHash }) => {
    const same = byName.get(counterName(day, key)) ?? [];
    return [day, key, same.reduce((sum, { by }) => sum + by, 0), phoneHash];
  });
  await query(
    CHANGE_COUNTERS,
    toColumns(sums, (values) => values, 4),
  );
}

const CHANGE_COUNTERS = `
  INSERT INTO counters (day, key, n, phone_hash)
  SELECT * FROM unnest($1::integer[], $2::bytea[], $3::integer[], $4::bytea[])
  ON CONFLICT (day, key) DO UPDATE SET n = greatest(0, counters.n + excluded.n)`;

const FIND = {
  name: 'find_known',
  text: `SELECT ${STATE}, fence, personal FROM conversations WHERE id = ANY ($1)`,
};

/**
 * Inserts a placeholder where a row is missing and locks the row where it exists: requests, uses, counters, in this order. The
 * update that changes nothing takes the lock.
 */
const LOCK = {
  name: 'lock_batch',
  text: `
    WITH request AS (
      INSERT INTO requests (key, fingerprint, conversation_id, expires_at, phone_hash)
      SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::bigint[], $5::bytea[])
      ON CONFLICT (key) DO UPDATE SET expires_at = requests.expires_at
      RETURNING *
    ), use AS (
      INSERT INTO uses (key, expires_at) SELECT key, 0 FROM unnest($6::bytea[]) AS v (key)
      ON CONFLICT (key) DO UPDATE SET expires_at = uses.expires_at
      RETURNING *
    ), counter AS (
      INSERT INTO counters (day, key, n, phone_hash)
      SELECT day, key, 0, phone_hash FROM unnest($7::integer[], $8::bytea[], $9::bytea[]) AS v (day, key, phone_hash)
      ON CONFLICT (day, key) DO UPDATE SET n = counters.n
      RETURNING *
    )
    SELECT 'request' AS kind, key, fingerprint, conversation_id, expires_at, phone_hash, NULL::integer AS day, NULL::integer AS n
      FROM request
    UNION ALL SELECT 'use', key, NULL, NULL, expires_at, NULL, NULL, NULL FROM use
    UNION ALL SELECT 'counter', key, NULL, NULL, NULL, NULL, day, n FROM counter
    UNION ALL SELECT 'suppressed', phone_hash, NULL, NULL, NULL, NULL, NULL, NULL
      FROM suppressions WHERE phone_hash = ANY ($10::bytea[])`,
};

/** All changes in one statement. A use that expires at 0 was a placeholder or was given back, and is deleted. */
const WRITE = {
  name: 'write_batch',
  text: `
    WITH arrived AS (
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                           $8::integer[], $9::bigint[], $10::bigint[], $11::text[], $12::integer[], $13::boolean[],
                           $14::bytea[], $15::bytea[], $16::bytea[], $17::boolean[], $18::text[], $19::integer[])
        WITH ORDINALITY AS v (id, site, partner, provider, status, reason, cause, attempts, now, next_at, lease_owner, fence,
                              personal, phone_hash, lead_key, lead, consent, reference, reference_hash, place)
    ), stored AS (
      INSERT INTO conversations (id, site, partner, provider, status, reason, cause, attempts, created_at, updated_at,
                                 next_at, lease_owner, fence, personal, consent, reference_hash)
      SELECT id, site, partner, provider, status, reason, cause, attempts, now, now, next_at, lease_owner, fence, personal,
             consent, reference_hash
      FROM arrived ORDER BY place
      RETURNING seq, id, personal
    ), kept AS (
      INSERT INTO leads (seq, lead)
      SELECT seq, lead FROM stored JOIN arrived USING (id) WHERE stored.personal
    ), keyed AS (
      INSERT INTO lead_keys (seq, phone_hash, lead_key)
      SELECT seq, phone_hash, lead_key FROM stored JOIN arrived USING (id) WHERE stored.personal
    ), referred AS (
      INSERT INTO lead_references (seq, reference, suppressed_at)
      SELECT seq, reference, CASE WHEN stored.personal THEN NULL ELSE now END FROM stored JOIN arrived USING (id)
      WHERE reference IS NOT NULL
    ), remembered AS (
      UPDATE requests SET fingerprint = v.fingerprint, conversation_id = v.conversation_id, expires_at = v.expires_at,
                          phone_hash = v.phone_hash
      FROM unnest($20::bytea[], $21::bytea[], $22::text[], $23::bigint[], $24::bytea[])
        AS v (key, fingerprint, conversation_id, expires_at, phone_hash)
      WHERE requests.key = v.key
    ), forgotten AS (
      DELETE FROM requests WHERE key = ANY ($25::bytea[])
    ), used AS (
      UPDATE uses SET expires_at = v.expires_at FROM unnest($26::bytea[], $27::bigint[]) AS v (key, expires_at)
      WHERE uses.key = v.key AND v.expires_at > 0 AND uses.expires_at <> v.expires_at
    ), unused AS (
      DELETE FROM uses USING unnest($26::bytea[], $27::bigint[]) AS v (key, expires_at)
      WHERE uses.key = v.key AND v.expires_at = 0
    ), counted AS (
      UPDATE counters SET n = v.n FROM unnest($28::integer[], $29::bytea[], $30::integer[]) AS v (day, key, n)
      WHERE counters.day = v.day AND counters.key = v.key AND counters.n <> v.n
    )
    SELECT 1`,
};
