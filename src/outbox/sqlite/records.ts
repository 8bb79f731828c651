import type { SQLInputValue } from 'node:sqlite';
import { defined } from '../../conversation/defined.ts';
import { cutPage, fromCursor } from '../cursor.ts';
import type { Cause } from '../port.ts';
import type { LeadDetails, LeadRecord, RecordStore } from '../records.ts';
import { prepareAudit } from './audit.ts';
import { where } from './filter.ts';
import { readDescription, readLead } from './leads.ts';
import { MAY_HAVE_ARRIVED, type Row, STATE, type Store, toConversation } from './store.ts';

const RECORD = `${STATE}, seq, site, partner, provider, cause, ${MAY_HAVE_ARRIVED} AS may_have_arrived, personal`;

/** Looking at conversations, one by one and in lists. */
export function createLookups(store: Store): Pick<RecordStore, 'list' | 'count' | 'show' | 'reveal'> {
  const { database, read, writer } = store;
  const audit = prepareAudit(database);
  const select = database.prepare(
    `SELECT ${RECORD}, lead_key, lead,
       (SELECT description FROM descriptions WHERE seq = conversations.seq AND description IS NOT NULL) AS description
     FROM conversations LEFT JOIN leads USING (seq) WHERE id = ?`,
  );
  const query = (sql: string, values: readonly SQLInputValue[]): Promise<Row[]> =>
    read(() => database.prepare(sql).all(...values));

  return {
    async list(filter, { limit, after }) {
      const { sql, values } = where(filter);
      const before = after === undefined ? Number.MAX_SAFE_INTEGER : fromCursor(after);
      const rows = await query(
        `SELECT ${RECORD} FROM conversations WHERE ${sql} AND seq < ? ORDER BY seq DESC LIMIT ?`,
        [...values, before, limit + 1],
      );
      const page = cutPage(rows, limit, ({ seq }) => seq as number);
      return { ...page, items: page.items.map(toRecord) };
    },
    async count(filter) {
      const { sql, values } = where(filter);
      const [row] = await query(`SELECT count(*) AS n FROM conversations WHERE ${sql}`, values);
      return row?.n as number;
    },
    async show(id) {
      const row = await read(() => select.get(id));
      return row && toDetails(row, store);
    },
    async reveal(id, entry) {
      const row = await writer.write(() => {
        const found = select.get(id);
        if (found) audit(entry);
        return found;
      });
      return row && toDetails(row, store);
    },
  };
}

function toRecord(row: Row): LeadRecord {
  return {
    ...toConversation(row),
    ...defined({
      site: row.site as string,
      partner: (row.partner as string | null) ?? undefined,
      provider: row.provider as string,
      cause: (row.cause as Cause | null) ?? undefined,
      mayHaveArrived: row.may_have_arrived === 1,
      leased: row.lease_owner !== null,
      erased: row.personal === 0,
    }),
  };
}

function toDetails(row: Row, { vault }: Store): LeadDetails {
  return {
    ...toRecord(row),
    ...defined({ lead: readLead(row, vault), description: readDescription(row, vault) }),
  };
}
