import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type {
  AuditEntry,
  AuditStore,
  ConsentStore,
  Filter,
  LeadRecords,
  OpenCounts,
  RequeueStore,
  StatsStore,
} from '../../domain/ports/lead-records.ts';
import { consentPage, cutPage, placeBefore } from '../pages.ts';
import {
  countsByStatus,
  type Row,
  requeueable,
  STATE,
  toAuditEntry,
  toDetails,
  toOpenCounts,
  toRecord,
} from '../rows.ts';
import { IS_FINAL, IS_WAITING, MAY_HAVE_ARRIVED, SEQS_OF_NUMBER, type Store } from './database.ts';

const RECORD = `${STATE}, seq, site, partner, provider, cause, ${MAY_HAVE_ARRIVED} AS may_have_arrived, personal`;

/** A condition on `conversations`. Every value of the filter is bound; none is part of the text. */
function where(filter: Filter): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
  const terms: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (term: string, ...bound: SQLInputValue[]): void => {
    terms.push(term);
    values.push(...bound);
  };
  const { ids, status, cause, site, partner, provider, since, until, phoneHash } = filter;
  if (ids) add('id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
  if (status) add('status IN (SELECT value FROM json_each(?))', JSON.stringify(status));
  if (cause) add('cause IN (SELECT value FROM json_each(?))', JSON.stringify(cause));
  if (site !== undefined) add('site = ?', site);
  if (partner !== undefined) add('partner = ?', partner);
  if (provider !== undefined) add('provider = ?', provider);
  if (since !== undefined) add('created_at >= ?', since);
  if (until !== undefined) add('created_at < ?', until);
  if (phoneHash) add(`seq IN (${SEQS_OF_NUMBER})`, phoneHash, phoneHash);
  return { sql: terms.length === 0 ? 'TRUE' : terms.join(' AND '), values };
}

/** Looking at conversations, one by one and in lists. */
export function createLeadRecords({ database, read, writer, vault }: Store): LeadRecords & ConsentStore {
  const writeAudit = prepareAudit(database);
  const select = database.prepare(
    `SELECT ${RECORD}, lead_key, lead,
       (SELECT description FROM descriptions WHERE seq = conversations.seq AND description IS NOT NULL) AS description
     FROM conversations LEFT JOIN leads USING (seq) WHERE id = ?`,
  );
  const query = (sql: string, ...values: readonly SQLInputValue[]): Promise<readonly Row[]> =>
    read(() => database.prepare(sql).all(...values));

  return {
    async list(filter, { limit, after }) {
      const { sql, values } = where(filter);
      const rows = await query(
        `SELECT ${RECORD} FROM conversations WHERE ${sql} AND seq < ? ORDER BY seq DESC LIMIT ?`,
        ...values,
        placeBefore(after),
        limit + 1,
      );
      return cutPage(rows, limit, toRecord);
    },
    async count(filter) {
      const { sql, values } = where(filter);
      const [row] = await query(`SELECT count(*) AS n FROM conversations WHERE ${sql}`, ...values);
      return row?.n as number;
    },
    async show(id) {
      const row = await read(() => select.get(id));
      return row && toDetails(row, vault);
    },
    async reveal(id, audit) {
      const row = await writer.write(() => {
        const found = select.get(id);
        if (found) writeAudit(audit);
        return found;
      });
      return row && toDetails(row, vault);
    },
    async consents(filter, page) {
      const { sql, values } = where(filter);
      const text = `SELECT seq, id, site, created_at, lead_key, lead FROM conversations JOIN leads USING (seq)
                    WHERE ${sql} AND personal = 1 AND seq > ? ORDER BY seq LIMIT ?`;
      return consentPage(page, vault, (after, limit) => query(text, ...values, after, limit));
    },
  };
}

/** Sending (again) what waits for a person, or what is final and an operator wants to send once more. */
export function createRequeue({ database, writer }: Store): RequeueStore {
  const writeAudit = prepareAudit(database);
  const queue = database.prepare(
    `UPDATE conversations
     SET may_have_arrived = ${MAY_HAVE_ARRIVED} OR status = 'delivered',
         status = 'queued', reason = NULL, cause = NULL, tries = 0, unknowns = 0, next_at = ?, updated_at = ?
     WHERE seq = ?`,
  );
  return {
    requeue(filter, limit, audit) {
      const { status, indexed } = requeueable(filter);
      const { sql, values } = where({ ...filter, status });
      return writer.write(() => {
        const rows = database
          .prepare(
            `SELECT seq, id FROM conversations
             WHERE ${indexed ? `${IS_WAITING} AND` : ''} ${sql}
               AND status <> 'queued' AND lease_owner IS NULL AND personal = 1
             ORDER BY seq LIMIT ?`,
          )
          .all(...values, limit);
        for (const { seq } of rows) queue.run(audit.at, audit.at, seq as number);
        if (rows.length > 0) writeAudit({ ...audit, count: rows.length });
        return rows.map(({ id }) => id as string);
      });
    },
  };
}

export function createStats({ database, read }: Store): StatsStore {
  // A partial index alone answers each of them.
  const queued = database.prepare(
    `SELECT count(*) AS n, min(created_at) AS oldest FROM conversations WHERE next_at IS NOT NULL AND status = 'queued'`,
  );
  const waiting = database.prepare(
    `SELECT status, count(*) AS n FROM conversations WHERE ${IS_WAITING} GROUP BY status`,
  );
  const final = database.prepare(`SELECT status, count(*) AS n FROM conversations WHERE ${IS_FINAL} GROUP BY status`);
  const parked = database.prepare('SELECT id FROM providers WHERE parked_at IS NOT NULL ORDER BY id');
  const suppressed = database.prepare('SELECT count(*) AS n FROM suppressions');
  const openCounts = (): OpenCounts => toOpenCounts(queued.get(), waiting.all(), parked.all());

  return {
    openCounts: () => read(openCounts),
    stats: () =>
      read(() => {
        const open = openCounts();
        return {
          ...open,
          byStatus: { delivered: 0, rejected: 0, ...countsByStatus(final.all()), ...open.byStatus },
          suppressions: suppressed.get()?.n as number,
        };
      }),
  };
}

/** Gives a function that writes an audit entry inside the transaction under way. */
export function prepareAudit(database: DatabaseSync): (entry: AuditEntry) => void {
  const insert = database.prepare('INSERT INTO audit (at, actor, action, count, detail) VALUES (?, ?, ?, ?, ?)');
  return ({ at, actor, action, count, detail }) => void insert.run(at, actor, action, count, detail);
}

export function createAudit({ database, writer, read }: Store): AuditStore {
  const write = prepareAudit(database);
  const newest = database.prepare('SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?');
  return {
    async audit({ limit, after }) {
      const before = placeBefore(after);
      return cutPage(await read(() => newest.all(before, limit + 1)), limit, toAuditEntry);
    },
    record: (entry) => writer.write(() => write(entry)),
  };
}
