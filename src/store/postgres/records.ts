import type {
  AuditEntry,
  AuditStore,
  ConsentStore,
  Filter,
  LeadRecords,
  RequeueStore,
  StatsStore,
} from '../../domain/ports/lead-records.ts';
import { consentPage, cutPage, placeBefore } from '../pages.ts';
import { countReleased } from '../release.ts';
import { countsByStatus, requeueable, STATE, toAuditEntry, toDetails, toOpenCounts, toRecord } from '../rows.ts';
import { IS_FINAL, IS_WAITING, MAY_HAVE_ARRIVED, type Query, type Store } from './database.ts';
import { changeCounters } from './ledger-rows.ts';
import { WAKE } from './notifications.ts';

const RECORD = `${STATE}, seq, site, partner, provider, cause, ${MAY_HAVE_ARRIVED} AS may_have_arrived, personal`;

/** A condition on `conversations`. Every value of the filter is bound; none is part of the text. */
function where(filter: Filter): { readonly sql: string; readonly values: readonly unknown[] } {
  const terms: string[] = [];
  const values: unknown[] = [];
  const add = (term: (parameter: string) => string, value: unknown): void => {
    values.push(value);
    terms.push(term(`$${values.length}`));
  };
  const { ids, status, cause, site, partner, provider, since, until, phoneHash } = filter;
  if (ids) add((p) => `id = ANY (${p}::text[])`, ids);
  if (status) add((p) => `status = ANY (${p}::text[])`, status);
  if (cause) add((p) => `cause = ANY (${p}::text[])`, cause);
  if (site !== undefined) add((p) => `site = ${p}`, site);
  if (partner !== undefined) add((p) => `partner = ${p}`, partner);
  if (provider !== undefined) add((p) => `provider = ${p}`, provider);
  if (since !== undefined) add((p) => `created_at >= ${p}`, since);
  if (until !== undefined) add((p) => `created_at < ${p}`, until);
  if (phoneHash) add((p) => `seq IN (SELECT seq FROM lead_keys WHERE phone_hash = ${p})`, phoneHash);
  return { sql: terms.length === 0 ? 'TRUE' : terms.join(' AND '), values };
}

/** Looking at conversations, one by one and in lists. */
export function createLeadRecords({ database, vault }: Store): LeadRecords & ConsentStore {
  return {
    async list(filter, { limit, after }) {
      const { sql, values } = where(filter);
      const n = values.length;
      const rows = await database.read(
        `SELECT ${RECORD} FROM conversations WHERE ${sql} AND seq < $${n + 1} ORDER BY seq DESC LIMIT $${n + 2}`,
        [...values, placeBefore(after), limit + 1],
      );
      return cutPage(rows, limit, toRecord);
    },
    async count(filter) {
      const { sql, values } = where(filter);
      const [row] = await database.read(`SELECT count(*) AS n FROM conversations WHERE ${sql}`, values);
      return row?.n as number;
    },
    async show(id) {
      const [row] = await database.read(SELECT, [id]);
      return row && toDetails(row, vault);
    },
    async reveal(id, audit) {
      const row = await database.transaction(async (query) => {
        const [found] = await query(SELECT, [id]);
        if (found) await writeAudit(query, audit);
        return found;
      });
      return row && toDetails(row, vault);
    },
    async consents(filter, page) {
      const { sql, values } = where(filter);
      const n = values.length;
      const text = `
        SELECT seq, id, site, created_at, lead_key, lead
        FROM conversations JOIN leads USING (seq) JOIN lead_keys USING (seq)
        WHERE ${sql} AND personal AND seq > $${n + 1} ORDER BY seq LIMIT $${n + 2}`;
      return consentPage(page, vault, (after, limit) => database.read(text, [...values, after, limit]));
    },
  };
}

const SELECT = `
  SELECT ${RECORD}, lead_key, lead, description
  FROM conversations LEFT JOIN leads USING (seq) LEFT JOIN lead_keys USING (seq) LEFT JOIN descriptions USING (seq)
  WHERE id = $1`;

/** Sending (again) what waits for a person, or what is final and an operator wants to send once more. */
export function createRequeue({ database, capKeys }: Store): RequeueStore {
  return {
    requeue(filter, limit, audit) {
      const { status, indexed } = requeueable(filter);
      const { sql, values } = where({ ...filter, status });
      return database.transaction(async (query) => {
        const rows = await query(
          `SELECT seq, id, site, cause, created_at,
                  (SELECT phone_hash FROM lead_keys WHERE lead_keys.seq = conversations.seq) AS phone_hash
           FROM conversations
           WHERE ${indexed ? `${IS_WAITING} AND` : ''} ${sql}
             AND status <> 'queued' AND lease_owner IS NULL AND personal
           ORDER BY seq LIMIT $${values.length + 1} FOR UPDATE`,
          [...values, limit],
        );
        if (rows.length === 0) return [];
        await query(QUEUE, [audit.at, rows.map(({ seq }) => seq)]);
        await changeCounters(query, countReleased(rows, capKeys, audit.at));
        await writeAudit(query, { ...audit, count: rows.length });
        await query(WAKE);
        return rows.map(({ id }) => id as string);
      });
    },
  };
}

const QUEUE = `
  UPDATE conversations
  SET may_have_arrived = ${MAY_HAVE_ARRIVED} OR status = 'delivered',
      status = 'queued', reason = NULL, cause = NULL, tries = 0, unknowns = 0, next_at = $1, updated_at = $1
  WHERE seq = ANY ($2)`;

export function createStats({ database: { read } }: Store): StatsStore {
  const openCounts = async () =>
    toOpenCounts((await read(COUNT_QUEUED))[0], await read(COUNT_WAITING), await read(PARKED_PROVIDERS));
  return {
    openCounts,
    async stats() {
      const open = await openCounts();
      const [suppressed] = await read('SELECT count(*) AS n FROM suppressions');
      return {
        ...open,
        byStatus: { delivered: 0, rejected: 0, ...countsByStatus(await read(COUNT_FINAL)), ...open.byStatus },
        suppressions: suppressed?.n as number,
      };
    },
  };
}

// A partial index of open conversations answers each of them.
const COUNT_QUEUED = "SELECT count(*) AS n, min(created_at) AS oldest FROM conversations WHERE status = 'queued'";
const COUNT_WAITING = `SELECT status, count(*) AS n FROM conversations WHERE ${IS_WAITING} GROUP BY status`;
const COUNT_FINAL = `SELECT status, count(*) AS n FROM conversations WHERE ${IS_FINAL} GROUP BY status`;
const PARKED_PROVIDERS = 'SELECT id FROM providers WHERE parked_at IS NOT NULL ORDER BY id';

/** Writes an audit entry inside the transaction under way. */
export async function writeAudit(query: Query, { at, actor, action, count, detail }: AuditEntry): Promise<void> {
  await query('INSERT INTO audit (at, actor, action, count, detail) VALUES ($1, $2, $3, $4, $5)', [
    at,
    actor,
    action,
    count,
    detail,
  ]);
}

export function createAudit({ database }: Store): AuditStore {
  return {
    async audit({ limit, after }) {
      const values = [placeBefore(after), limit + 1];
      const rows = await database.read('SELECT * FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2', values);
      return cutPage(rows, limit, toAuditEntry);
    },
    record: (entry) => writeAudit(database.write, entry),
  };
}
