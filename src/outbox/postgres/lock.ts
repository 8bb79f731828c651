import { DAY_MS } from '../days.ts';
import { STATE } from '../rows.ts';
import type { Arriving } from './accept.ts';
import { columns } from './columns.ts';
import type { Query, Row } from './database.ts';
import { counterName, hex, type Locked, type RequestRow, requestValues } from './ledger.ts';

/**
 * Locks what the leads of a batch may want to change and gives it as it is.
 *
 * @param doubtful whether an earlier run of the same batch may have been committed: then conversations under its own ids count
 */
export async function lock(query: Query, arriving: readonly Arriving[], doubtful: boolean): Promise<Locked> {
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

/** Each name once, in the one order in which all replicas lock. */
function sortedBy<T>(items: readonly T[], name: (item: T) => string): T[] {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(name(item))) byName.set(name(item), item);
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

const FIND = { name: 'find_known', text: `SELECT ${STATE}, provider, fence FROM conversations WHERE id = ANY ($1)` };

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
