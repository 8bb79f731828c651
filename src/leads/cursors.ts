import { timingSafeEqual } from 'node:crypto';
import type { Page, PageRequest } from '../domain/ports/lead-records.ts';
import { InvalidCursor } from '../domain/ports/outbox.ts';
import type { Hashing } from './hashing.ts';

/**
 * Reads one page of a list, whose cursors are signed: nobody can make one, change it or use it for another list. Rejects with
 * `InvalidCursor` for a cursor that no page of the same list returned.
 */
export type ReadSignedPage = <Item>(
  list: string,
  page: PageRequest,
  read: (page: PageRequest) => Promise<Page<Item>>,
) => Promise<Page<Item>>;

/** @returns a function that checks the cursor of a page request, reads the page, and signs the cursor of the next one */
export function createSignedPages(hashing: Pick<Hashing, 'cursor'>): ReadSignedPage {
  const sign = (list: string, place: string): string => `${place}.${hashing.cursor(list, place).toString('base64url')}`;
  const placeOf = (list: string, cursor: string): string => {
    const place = cursor.slice(0, Math.max(0, cursor.lastIndexOf('.')));
    const [given, right] = [Buffer.from(cursor), Buffer.from(sign(list, place))];
    if (given.length !== right.length || !timingSafeEqual(given, right)) throw new InvalidCursor();
    return place;
  };
  return async (list, { limit, after }, read) => {
    const { items, next } = await read({ limit, ...(after !== undefined && { after: placeOf(list, after) }) });
    return { items, ...(next !== undefined && { next: sign(list, next) }) };
  };
}
