import { admit } from '../admit.ts';
import { DAY_MS } from '../days.ts';
import type { Accepted, Intake, Known, RequestKey } from '../port.ts';
import type { SealedLead } from '../vault.ts';
import { columns } from './columns.ts';
import type { Query, Row } from './database.ts';
import { counterName, createLedger, hex, type Inserted, type Locked, type RequestRow } from './ledger.ts';
import { STATE, toConversation } from './store.ts';

/** A lead on its way in, under the id that it will have. */
export type Arriving = {
  readonly intake: Intake;
  readonly id: string;
  readonly sealed: SealedLead;
  readonly now: number;
};

type Context = {
  /** In the leases of this batch. */
  readonly stamp: string;
  readonly leaseMs: number;
  readonly known: (row: Row, request: RequestKey, fingerprint: Uint8Array, now: number) => Known;
  /** An earlier run of the same batch may have been committed: what is there under our ids is ours. */
  readonly doubtful: boolean;
};

/**
 * Stores a batch inside the transaction under way, each lead decided in its turn. Rows that other replicas may want too are
 * locked first, in one order for all, so that batches wait for each other and never in a circle.
 */
export async function storeBatch(query: Query, arriving: readonly Arriving[], context: Context): Promise<Accepted[]> {
  const { stamp, leaseMs, known, doubtful } = context;
  const locked = await lock(query, arriving, doubtful);
  const ledger = createLedger(locked, known);
  const accepted = arriving.map(({ intake, id, now }): Accepted => {
    const stored = doubtful && locked.conversations.get(id);
    return stored ? storedBefore(stored, stamp) : admit(ledger.ledger(now), intake, { id, now, leaseMs });
  });
  await write(query, arriving, ledger, locked, stamp);
  return accepted;
}

/** The lead was committed by the run whose answer was lost; the lease is ours as long as nobody else took it over. */
function storedBefore(row: Row, stamp: string): Accepted {
  const conversation = toConversation(row);
  const leased = row.lease_owner === stamp;
  return {
    kind: 'stored',
    conversation,
    ...(leased && { lease: { id: conversation.id, fence: row.fence as number } }),
  };
}

async function lock(query: Query, arriving: readonly Arriving[], doubtful: boolean): Promise<Locked> {
  const requests = sortedBy(
    arriving.map(
      ({ intake: { request, phoneHash }, id }): RequestRow => ({ ...request, phoneHash, conversationId: id }),
    ),
    ({ key }) => hex(key),
  );
  const uses = sortedBy(
    arriving.flatMap(({ intake }) => intake.uses ?? []),
    ({ key }) => hex(key),
  );
  const counters = sortedBy(
    arriving.flatMap(({ intake, now }) =>
      intake.caps.map(({ kind, key }) => ({
        day: Math.floor(now / DAY_MS),
        key,
        phoneHash: kind === 'phone' ? intake.phoneHash : null,
      })),
    ),
    ({ day, key }) => counterName(day, key),
  );
  const rows = await query(LOCK, [
    ...columns(requests, requestValues, 5),
    ...columns(uses, ({ key }) => [key], 1),
    ...columns(counters, ({ day, key, phoneHash }) => [day, key, phoneHash], 3),
    arriving.map(({ intake }) => intake.phoneHash),
  ]);
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  const placed = new Map(of('request').map((row) => [hex(row.key as Buffer), toRequest(row)]));
  // What was committed between the statement's start and our lock is seen by the next statement only.
  const own = new Set(doubtful ? [] : arriving.map(({ id }) => id));
  const ids = [...placed.values()].map(({ conversationId }) => conversationId).filter((id) => !own.has(id));
  if (doubtful) ids.push(...arriving.map(({ id }) => id));
  const found = ids.length === 0 ? [] : await query(FIND, [ids]);
  return {
    requests: placed,
    uses: new Map(of('use').map((row) => [hex(row.key as Buffer), row.expires_at as number])),
    counters: new Map(of('counter').map((row) => [counterName(row.day as number, row.key as Buffer), row.n as number])),
    suppressed: new Set(of('suppressed').map((row) => hex(row.key as Buffer))),
    conversations: new Map(found.map((row) => [row.id as string, row])),
  };
}

const toRequest = (row: Row): RequestRow => ({
  key: row.key as Buffer,
  fingerprint: row.fingerprint as Buffer,
  conversationId: row.conversation_id as string,
  expiresAt: row.expires_at as number,
  phoneHash: row.phone_hash as Buffer,
});

const requestValues = (row: RequestRow) => [row.key, row.fingerprint, row.conversationId, row.expiresAt, row.phoneHash];

async function write(
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

/** Each name once, in the one order in which all replicas lock. */
function sortedBy<T>(items: readonly T[], name: (item: T) => string): T[] {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(name(item))) byName.set(name(item), item);
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

const FIND = { name: 'find_known', text: `SELECT ${STATE}, fence FROM conversations WHERE id = ANY ($1)` };

/**
 * Puts a placeholder where there is no row and locks what is there: requests, uses, counters, in this order. The update
 * that changes nothing is what takes the lock.
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
