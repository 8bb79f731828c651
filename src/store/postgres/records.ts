import { STATUSES } from '../../domain/lead.ts';
import type {
  AuditEntry,
  AuditStore,
  Filter,
  LeadRecords,
  PartnerRecords,
  RequeueStore,
} from '../../domain/ports/lead-records.ts';
import { InvalidCursor } from '../../domain/ports/outbox.ts';
import { defined } from '../../lib/values.ts';
import { countReleased } from '../accept.ts';
import { cutPartnerPage, PLACE, partnerPage } from '../references.ts';
import { cutPage, IS_TEST, placeBefore, type Row, STATE, toAuditEntry, toDetails, toRecord, WAITING } from '../rows.ts';
import { isTallied } from '../stats.ts';
import { WAKE } from './connection.ts';
import { type Database, IS_WAITING, MAY_HAVE_ARRIVED, type Query, type Store } from './database.ts';
import { noteAudited, readHistory } from './history.ts';
import { changeCounters } from './ledger-rows.ts';
import { rangeOf } from './narrow.ts';

const RECORD = `${STATE}, seq, site, partner, cause, ${MAY_HAVE_ARRIVED} AS may_have_arrived, personal`;

/**
 * A condition on `conversations`. Every value of the filter is bound; only a single status is part of the text, so that the planner
 * sees that the partial index of leads that wait has all of them, and estimates their number once.
 */
export function where(filter: Filter): { readonly sql: string; readonly values: readonly unknown[] } {
  const terms: string[] = [];
  const values: unknown[] = [];
  const add = (term: (parameter: string) => string, value: unknown): void => {
    values.push(value);
    terms.push(term(`$${values.length}`));
  };
  const { ids, status, cause, site, partner, provider, test, since, until, phoneHash } = filter;
  if (ids) add((p) => `id = ANY (${p}::text[])`, ids);
  // Rows of one status or cause come from the index in their order; rows of several have to be sorted.
  const [only, ...others] = status ?? [];
  if (only !== undefined && others.length === 0) terms.push(`status = '${STATUSES[STATUSES.indexOf(only)]}'`);
  else if (status) add((p) => `status = ANY (${p}::text[])`, status);
  // The condition of a partial index.
  if (others.length > 0 && status?.every((one) => WAITING.includes(one))) terms.push(IS_WAITING);
  if (cause?.length === 1) add((p) => `cause = ${p}`, cause[0]);
  else if (cause) add((p) => `cause = ANY (${p}::text[])`, cause);
  if (site !== undefined) add((p) => `site = ${p}`, site);
  if (partner !== undefined) add((p) => `partner = ${p}`, partner);
  if (provider !== undefined) add((p) => `provider = ${p}`, provider);
  if (test !== undefined) terms.push(test ? IS_TEST : `NOT ${IS_TEST}`);
  if (since !== undefined) add((p) => `created_at >= ${p}`, since);
  if (until !== undefined) add((p) => `created_at < ${p}`, until);
  if (phoneHash) add((p) => `seq IN (SELECT seq FROM lead_keys WHERE phone_hash = ${p})`, phoneHash);
  return { sql: terms.length === 0 ? 'TRUE' : terms.join(' AND '), values };
}

/** Rows that one statement counts: it takes less than the time limit of a statement however many are stored. */
const COUNTED_AT_ONCE = 500_000;

/** Looking at conversations, one by one and in lists. */
export function createLeadRecords({ database, vault }: Store): LeadRecords {
  return {
    async list(filter, { limit, after }) {
      const { sql, values } = where(filter);
      // A search for more rows than there are would look through all conversations.
      const most = isNarrowed(filter) ? await mostOf(database, filter) : Number.POSITIVE_INFINITY;
      if (most === 0) return cutPage([], limit, toRecord);
      const enough = Math.min(after === undefined && isTallied(filter) ? most : Number.POSITIVE_INFINITY, limit + 1);
      const { low, high } = await rangeOf(database.read, filter);
      const n = values.length;
      const rows = await database.read(
        `SELECT ${RECORD} FROM conversations WHERE ${sql} AND seq >= $${n + 1} AND seq < $${n + 2} ORDER BY seq DESC LIMIT $${n + 3}`,
        [...values, low, Math.min(high, placeBefore(after)), enough],
      );
      return cutPage(rows, limit, toRecord);
    },
    async count(filter) {
      const most = await mostOf(database, filter);
      if (most === 0 || isTallied(filter)) return most;
      const { low, high } = await rangeOf(database.read, filter);
      const { sql, values } = where(filter);
      const n = values.length;
      const text = `
        SELECT count(*) AS n FROM conversations WHERE ${sql} AND seq > $${n + 1} AND seq <= $${n + 2}`;
      const [newest] = await database.read('SELECT max(seq) AS seq FROM conversations');
      let count = 0;
      const end = Math.min(high - 1, (newest?.seq as number | null) ?? 0);
      for (let seq = Math.max(0, low - 1); seq < end; seq += COUNTED_AT_ONCE) {
        const [row] = await database.read(text, [...values, seq, Math.min(end, seq + COUNTED_AT_ONCE)]);
        count += row?.n as number;
      }
      return count;
    },
    async show(id) {
      const [row] = await database.read(SELECT, [id]);
      return row && toDetails(row, await readHistory(database.read, row, vault), vault);
    },
    async reveal(id, audit) {
      return database.transaction(async (query) => {
        const [row] = await query(SELECT, [id]);
        if (!row) return undefined;
        await noteAudited(query, await writeAudit(query, audit), [row.seq]);
        return toDetails(row, await readHistory(query, row, vault), vault);
      });
    },
  };
}

/**
 * How many conversations have the filter's status, cause, site, provider and `test`. No other condition of the filter is regarded,
 * so that it is the most that can match.
 */
async function mostOf(database: Database, { status, cause, site, provider, test }: Filter): Promise<number> {
  const { sql, values } = where(defined({ status, cause, site, provider, test }));
  const [row] = await database.read(`SELECT coalesce(sum(n), 0) AS n FROM tallies WHERE ${sql}`, values);
  return Number(row?.n);
}

/** Whether a filter has a condition that `mostOf` regards; leads that are named are found by their ids. */
const isNarrowed = ({ ids, status, cause, site, provider, test }: Filter): boolean =>
  ids === undefined && [status, cause, site, provider, test].some((one) => one !== undefined);

const SELECT = `
  SELECT ${RECORD}, lead_key, lead, description
  FROM conversations LEFT JOIN leads USING (seq) LEFT JOIN lead_keys USING (seq) LEFT JOIN descriptions USING (seq)
  WHERE id = $1`;

/** Sending now what waits for its turn, and sending (again) what waits for a person or is final. */
export function createRequeue({ database, capKeys }: Store): RequeueStore {
  return {
    retry: (ids, audit) =>
      database.transaction(async (query) => {
        const rows = await query(HASTEN, [audit.at, ids]);
        if (rows.length === 0) return [];
        await recordSent(query, rows, audit);
        await query(WAKE);
        return rows.map(({ id }) => id as string);
      }),
    requeue(filter, limit, audit) {
      const { sql, values } = where({ ...filter, status: filter.status ?? WAITING });
      return database.transaction(async (query) => {
        const rows = await query(
          `SELECT seq, id, site, provider, cause, created_at,
                  (SELECT phone_hash FROM lead_keys WHERE lead_keys.seq = conversations.seq) AS phone_hash
           FROM conversations
           WHERE ${sql} AND status <> 'queued' AND lease_owner IS NULL AND personal
           ORDER BY seq LIMIT $${values.length + 1} FOR UPDATE`,
          [...values, limit],
        );
        if (rows.length === 0) return [];
        await query(QUEUE, [audit.at, rows.map(({ seq }) => seq)]);
        await changeCounters(query, countReleased(rows, capKeys, audit.at));
        await recordSent(query, rows, audit);
        await query(WAKE);
        return rows.map(({ id }) => id as string);
      });
    },
  };
}

/** Writes the audit entry of conversations that an operator sends, and notes it in their histories. */
async function recordSent(query: Query, rows: readonly Row[], audit: AuditEntry): Promise<void> {
  const place = await writeAudit(query, { ...audit, count: rows.length });
  await noteAudited(
    query,
    place,
    rows.map(({ seq }) => seq),
  );
}

const HASTEN = `
  UPDATE conversations SET next_at = $1
  WHERE id = ANY ($2::text[]) AND status = 'queued' AND lease_owner IS NULL AND next_at > $1 RETURNING seq, id`;

const QUEUE = `
  UPDATE conversations
  SET may_have_arrived = ${MAY_HAVE_ARRIVED} OR status = 'delivered',
      status = 'queued', reason = NULL, cause = NULL, tries = 0, unknowns = 0, next_at = $1, updated_at = $1
  WHERE seq = ANY ($2)`;

/** Writes an audit entry inside the transaction under way, and gives its place. */
export async function writeAudit(query: Query, { at, actor, action, count, detail }: AuditEntry): Promise<number> {
  const [row] = await query(
    'INSERT INTO audit (at, actor, action, count, detail) VALUES ($1, $2, $3, $4, $5) RETURNING seq',
    [at, actor, action, count, detail],
  );
  return row?.seq as number;
}

export function createAudit({ database }: Store): AuditStore {
  return {
    async audit({ limit, after }) {
      const values = [placeBefore(after), limit + 1];
      const rows = await database.read('SELECT * FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2', values);
      return cutPage(rows, limit, toAuditEntry);
    },
    record: async (entry) => void (await writeAudit(database.write, entry)),
  };
}

/** Conversations as their partners see them. */
export function createPartnerRecords({ database }: Pick<Store, 'database'>): PartnerRecords {
  return {
    async listOfPartner(filter, { limit, after }) {
      const [place] = after === undefined ? [] : await database.read(PLACE, [after, filter.partner]);
      if (after !== undefined && !place) throw new InvalidCursor();
      const before = place && { createdAt: place.created_at as number, seq: place.seq as number };
      const { text, values } = partnerPage(filter, before, limit + 1, MAY_HAVE_ARRIVED);
      return cutPartnerPage(await database.read(text, values), limit);
    },
  };
}
