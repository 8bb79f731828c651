import { defined } from '../../conversation/defined.ts';
import { cutPage, fromCursor } from '../cursor.ts';
import type { Cause } from '../port.ts';
import type { LeadDetails, LeadRecord, RecordStore } from '../records.ts';
import { writeAudit } from './audit.ts';
import type { Row } from './database.ts';
import { where } from './filter.ts';
import { readDescription, readLead } from './leads.ts';
import { MAY_HAVE_ARRIVED, STATE, type Store, toConversation } from './store.ts';

const RECORD = `${STATE}, seq, site, partner, provider, cause, ${MAY_HAVE_ARRIVED} AS may_have_arrived, personal`;
const SELECT = `
  SELECT ${RECORD}, lead_key, lead, description
  FROM conversations LEFT JOIN leads USING (seq) LEFT JOIN lead_keys USING (seq) LEFT JOIN descriptions USING (seq)
  WHERE id = $1`;

/** Looking at conversations, one by one and in lists. */
export function createLookups(store: Store): Pick<RecordStore, 'list' | 'count' | 'show' | 'reveal'> {
  const { database } = store;
  return {
    async list(filter, { limit, after }) {
      const { sql, values } = where(filter);
      const before = after === undefined ? Number.MAX_SAFE_INTEGER : fromCursor(after);
      const n = values.length;
      const rows = await database.read(
        `SELECT ${RECORD} FROM conversations WHERE ${sql} AND seq < $${n + 1} ORDER BY seq DESC LIMIT $${n + 2}`,
        [...values, before, limit + 1],
      );
      const page = cutPage(rows, limit, ({ seq }) => seq as number);
      return { ...page, items: page.items.map(toRecord) };
    },
    async count(filter) {
      const { sql, values } = where(filter);
      const [row] = await database.read(`SELECT count(*) AS n FROM conversations WHERE ${sql}`, values);
      return row?.n as number;
    },
    async show(id) {
      const [row] = await database.read(SELECT, [id]);
      return row && toDetails(row, store);
    },
    async reveal(id, entry) {
      const row = await database.transaction(async (query) => {
        const [found] = await query(SELECT, [id]);
        if (found) await writeAudit(query, entry);
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
      mayHaveArrived: row.may_have_arrived === true,
      leased: row.lease_owner !== null,
      erased: row.personal === false,
    }),
  };
}

function toDetails(row: Row, { vault }: Store): LeadDetails {
  return {
    ...toRecord(row),
    ...defined({ lead: readLead(row, vault), description: readDescription(row, vault) }),
  };
}
