import { cutPage, fromCursor } from '../cursor.ts';
import type { ConsentRecord, RecordStore } from '../records.ts';
import { toConsent } from '../rows.ts';
import { where } from './filter.ts';
import { readLead } from './leads.ts';
import type { Row, Store } from './store.ts';

/** Leads opened in one turn of the event loop: whether there is consent shows only inside. */
const AT_A_TIME = 200;

type Found = { readonly seq: number; readonly consent: ConsentRecord };

export function createConsentStore(store: Store): Pick<RecordStore, 'consents'> {
  const { database, read } = store;
  return {
    async consents(filter, { limit, after }) {
      const { sql, values } = where(filter);
      const select = await read(() =>
        database.prepare(
          `SELECT seq, id, site, created_at, lead_key, lead FROM conversations JOIN leads USING (seq)
           WHERE ${sql} AND personal = 1 AND seq > ? ORDER BY seq LIMIT ?`,
        ),
      );
      const found: Found[] = [];
      let last = after === undefined ? 0 : fromCursor(after);
      for (;;) {
        const rows = await read(() => select.all(...values, last, AT_A_TIME));
        found.push(...rows.flatMap((row) => consentOf(row, store)));
        if (found.length > limit || rows.length < AT_A_TIME) break;
        last = rows.at(-1)?.seq as number;
      }
      const page = cutPage(found, limit, ({ seq }) => seq);
      return { ...page, items: page.items.map(({ consent }) => consent) };
    },
  };
}

function consentOf(row: Row, { vault }: Store): Found[] {
  const consent = toConsent(row, readLead(row, vault));
  return consent ? [{ seq: row.seq as number, consent }] : [];
}
