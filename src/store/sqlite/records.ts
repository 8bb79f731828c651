import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type {
  AuditEntry,
  AuditStore,
  Filter,
  LeadRecords,
  PartnerRecords,
  RequeueStore,
} from '../../domain/ports/lead-records.ts';
import { InvalidCursor } from '../../domain/ports/outbox.ts';
import { countReleased } from '../accept.ts';
import { cutPartnerPage, PLACE, partnerPage, type Statement } from '../references.ts';
import { cutPage, IS_TEST, placeBefore, type Row, STATE, toAuditEntry, toDetails, toRecord, WAITING } from '../rows.ts';
import { isTallied } from '../stats.ts';
import type { Counters } from './accept.ts';
import { IS_WAITING, MAY_HAVE_ARRIVED, SEQS_OF_NUMBER, type Store, shelfOf } from './database.ts';
import { prepareAudited, prepareHistory } from './history.ts';
import { collect, prepareNarrow, type Slice, slicesDown, slicesUp } from './slices.ts';

const RECORD = `${STATE}, seq, site, partner, cause, ${MAY_HAVE_ARRIVED} AS may_have_arrived, personal`;

/**
 * A condition on the conversations of a slice. Every value of the filter is bound; none is part of the text. Waiting
 * conversations are selected by the condition of their partial index.
 *
 * @param byPartner reads and sorts all conversations of the partner by an index; otherwise a plus keeps the engine from that
 */
export function where(
  filter: Filter,
  { low, high }: Slice,
  byPartner = false,
): { readonly sql: string; readonly values: readonly SQLInputValue[] } {
  const terms: string[] = ['conversations.seq >= ?', 'conversations.seq < ?'];
  const values: SQLInputValue[] = [low, high];
  const add = (term: string, ...bound: SQLInputValue[]): void => {
    terms.push(term);
    values.push(...bound);
  };
  const { ids, status, cause, site, partner, provider, test, since, until, phoneHash } = filter;
  if (ids) add('id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
  if (status) add('status IN (SELECT value FROM json_each(?))', JSON.stringify(status));
  if (status?.every((one) => WAITING.includes(one))) add(IS_WAITING);
  if (cause) add('cause IN (SELECT value FROM json_each(?))', JSON.stringify(cause));
  if (site !== undefined) add('site = ?', site);
  if (partner !== undefined) add(byPartner ? 'partner = ?' : '+partner = ?', partner);
  if (provider !== undefined) add('provider = ?', provider);
  if (test !== undefined) add(test ? IS_TEST : `NOT ${IS_TEST}`);
  if (since !== undefined) add('created_at >= ?', since);
  if (until !== undefined) add('created_at < ?', until);
  const shelves = [shelfOf(low), shelfOf(high - 1)];
  if (phoneHash) add(`conversations.seq IN (${SEQS_OF_NUMBER})`, ...shelves, phoneHash, phoneHash);
  return { sql: terms.join(' AND '), values };
}

/** Whether one statement finds what a filter selects, however many conversations are stored. */
const namesLeads = ({ ids, phoneHash }: Filter): boolean => ids !== undefined && phoneHash === undefined;
/** A partner with fewer conversations has them read and sorted; those of the others are found soon among the newest ones. */
const FEW_OF_PARTNER = 1_000;
/** One slice with all rows, for such filters. */
const EVERYTHING: Slice = { low: 0, high: Number.MAX_SAFE_INTEGER };

/** Gives a function that reads the newest `seq`; 0 if nothing is stored. */
export function prepareNewestSeq({ database, read }: Pick<Store, 'database' | 'read'>): () => Promise<number> {
  const newest = database.prepare('SELECT max(seq) AS seq FROM conversations');
  return () => read(() => (newest.get()?.seq as number | null) ?? 0);
}

/** Looking at conversations, one by one and in lists. */
export function createLeadRecords({ database, read, writer, vault }: Store): LeadRecords {
  const writeAudit = prepareAudit(database);
  const noteAudited = prepareAudited(database);
  const history = prepareHistory(database, vault);
  const select = database.prepare(
    `SELECT ${RECORD}, lead_key, lead,
       (SELECT description FROM descriptions WHERE seq = conversations.seq AND description IS NOT NULL) AS description
     FROM conversations LEFT JOIN leads USING (seq) WHERE id = ?`,
  );
  const newestSeq = prepareNewestSeq({ database, read });
  const narrow = prepareNarrow({ database });
  const ofPartner = database.prepare(
    'SELECT count(*) AS n FROM (SELECT 1 FROM conversations WHERE partner = ? LIMIT ?)',
  );
  const hasFew = ({ ids, partner, phoneHash }: Filter): boolean =>
    partner !== undefined &&
    ids === undefined &&
    phoneHash === undefined &&
    (ofPartner.get(partner, FEW_OF_PARTNER)?.n as number) < FEW_OF_PARTNER;
  const query = (sql: string, values: readonly SQLInputValue[]): readonly Row[] => database.prepare(sql).all(...values);

  return {
    async list(filter, { limit, after }) {
      const before = placeBefore(after);
      const byPartner = await read(() => hasFew(filter));
      const slices =
        namesLeads(filter) || byPartner ? [{ ...EVERYTHING, high: before }] : slicesDown(await newestSeq(), before);
      const most = await read(() => narrow.most(filter));
      const enough = after === undefined && isTallied(filter) ? Math.min(most, limit + 1) : limit + 1;
      if (most === 0) return cutPage([], limit, toRecord);
      const rows = await collect(read, slices, enough, (slice, missing) => {
        if (!byPartner && narrow.outside(filter, slice)) return [];
        const { sql, values } = where(filter, slice, byPartner);
        return query(`SELECT ${RECORD} FROM conversations WHERE ${sql} ORDER BY seq DESC LIMIT ?`, [
          ...values,
          missing,
        ]);
      });
      return cutPage(rows, limit, toRecord);
    },
    async count(filter) {
      const most = await read(() => narrow.most(filter));
      if (most === 0 || isTallied(filter)) return most;
      const slices = namesLeads(filter) ? [EVERYTHING] : slicesUp(await newestSeq());
      const rows = await collect(read, slices, Number.POSITIVE_INFINITY, (slice) => {
        if (narrow.outside(filter, slice)) return [];
        const { sql, values } = where(filter, slice);
        return query(`SELECT count(*) AS n FROM conversations WHERE ${sql}`, values);
      });
      return rows.reduce((sum, { n }) => sum + (n as number), 0);
    },
    async show(id) {
      return read(() => {
        const row = select.get(id);
        return row && toDetails(row, history(row), vault);
      });
    },
    async reveal(id, audit) {
      return writer.write(() => {
        const row = select.get(id);
        if (!row) return undefined;
        noteAudited(writeAudit(audit), [row.seq as number]);
        return toDetails(row, history(row), vault);
      });
    },
  };
}

/** Sending now what waits for its turn, and sending (again) what waits for a person or is final. */
export function createRequeue({ database, writer, read, capKeys }: Store, counters: Counters): RequeueStore {
  const writeAudit = prepareAudit(database);
  const noteAudited = prepareAudited(database);
  const recordSent = (rows: readonly Row[], audit: AuditEntry): void => {
    if (rows.length === 0) return;
    const place = writeAudit({ ...audit, count: rows.length });
    noteAudited(
      place,
      rows.map(({ seq }) => seq as number),
    );
  };
  const newestSeq = prepareNewestSeq({ database, read });
  const narrow = prepareNarrow({ database });
  // Between the search and the transaction, another process may have changed it.
  const requeueable = database.prepare(
    `SELECT seq, id, site, provider, cause, created_at, phone_hash FROM conversations LEFT JOIN leads USING (seq)
     WHERE seq = ? AND status IN (SELECT value FROM json_each(?)) AND ${REQUEUEABLE}`,
  );
  const queue = database.prepare(
    `UPDATE conversations
     SET may_have_arrived = ${MAY_HAVE_ARRIVED} OR status = 'delivered',
         status = 'queued', reason = NULL, cause = NULL, tries = 0, unknowns = 0, next_at = ?, updated_at = ?
     WHERE seq = ?`,
  );
  const hasten = database.prepare(
    `UPDATE conversations SET next_at = ?1
     WHERE id IN (SELECT value FROM json_each(?2)) AND status = 'queued' AND lease_owner IS NULL AND next_at > ?1 RETURNING seq, id`,
  );
  return {
    retry: (ids, audit) =>
      writer.write(() => {
        const rows = hasten.all(audit.at, JSON.stringify(ids));
        recordSent(rows, audit);
        return rows.map(({ id }) => id as string);
      }),
    async requeue(filter, limit, audit) {
      const selected = { ...filter, status: filter.status ?? WAITING };
      const slices = namesLeads(filter) ? [EVERYTHING] : slicesUp(await newestSeq());
      const found = await collect(read, slices, limit, (slice, missing) => {
        if (narrow.outside(selected, slice)) return [];
        const { sql, values } = where(selected, slice);
        return database
          .prepare(`SELECT seq FROM conversations WHERE ${sql} AND ${REQUEUEABLE} ORDER BY seq LIMIT ?`)
          .all(...values, missing);
      });
      return writer.write(() => {
        const rows = found.flatMap(({ seq }) => {
          const row = requeueable.get(seq as number, JSON.stringify(selected.status));
          if (row) queue.run(audit.at, audit.at, seq as number);
          return row ? [row] : [];
        });
        for (const { day, key, by, phoneHash } of countReleased(rows, capKeys, audit.at)) {
          if (by > 0) counters.count(day, key, phoneHash);
          else counters.uncount(day, key, phoneHash);
        }
        recordSent(rows, audit);
        return rows.map(({ id }) => id as string);
      });
    },
  };
}

/** Only such a conversation can be queued to be sent (again). */
const REQUEUEABLE = "status <> 'queued' AND lease_owner IS NULL AND personal = 1";

/** Gives a function that writes an audit entry inside the transaction under way, and gives its place. */
export function prepareAudit(database: DatabaseSync): (entry: AuditEntry) => number {
  const insert = database.prepare('INSERT INTO audit (at, actor, action, count, detail) VALUES (?, ?, ?, ?, ?)');
  return ({ at, actor, action, count, detail }) => Number(insert.run(at, actor, action, count, detail).lastInsertRowid);
}

export function createAudit({ database, writer, read }: Store): AuditStore {
  const write = prepareAudit(database);
  const newest = database.prepare('SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?');
  return {
    async audit({ limit, after }) {
      const before = placeBefore(after);
      return cutPage(await read(() => newest.all(before, limit + 1)), limit, toAuditEntry);
    },
    record: (entry) => writer.write(() => void write(entry)),
  };
}

/** Conversations as their partners see them. */
export function createPartnerRecords({ database, read }: Pick<Store, 'database' | 'read'>): PartnerRecords {
  const numbered = (text: string): string => text.replaceAll('$', '?');
  const place = database.prepare(numbered(PLACE));
  // There are two statements for each status, and two for all of them.
  const prepared = new Map<string, StatementSync>();
  const prepare = (text: string): StatementSync => {
    const statement = prepared.get(text) ?? database.prepare(numbered(text));
    prepared.set(text, statement);
    return statement;
  };
  const run = ({ text, values }: Statement) => prepare(text).all(...values);

  return {
    async listOfPartner(filter, { limit, after }) {
      const rows = await read(() => {
        const found = after === undefined ? undefined : place.get(after, filter.partner);
        if (after !== undefined && !found) return undefined;
        const before = found && { createdAt: found.created_at as number, seq: found.seq as number };
        return run(partnerPage(filter, before, limit + 1, MAY_HAVE_ARRIVED));
      });
      if (!rows) throw new InvalidCursor();
      return cutPartnerPage(rows, limit);
    },
  };
}
