import { InvalidCursor } from '../../domain/ports/outbox.ts';
import type { PartnerRecords } from '../../domain/ports/partner-records.ts';
import { cutPartnerPage, PLACE, partnerPage } from '../references.ts';
import { MAY_HAVE_ARRIVED, type Store } from './database.ts';

/** What partners see of their conversations. */
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
