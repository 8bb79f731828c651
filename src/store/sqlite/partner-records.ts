import type { StatementSync } from 'node:sqlite';
import { InvalidCursor } from '../../domain/ports/outbox.ts';
import type { PartnerRecords } from '../../domain/ports/partner-records.ts';
import { cutPartnerPage, PLACE, partnerPage, type Statement } from '../references.ts';
import { MAY_HAVE_ARRIVED, type Store } from './database.ts';

/** What partners see of their conversations. */
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
