import { timingSafeEqual } from 'node:crypto';
import type { Page, PageRequest } from '../../domain/ports/lead-records.ts';
import { InvalidCursor } from '../../domain/ports/outbox.ts';
import type { Hashing } from '../../leads/hashing.ts';
import { OperationError } from './input.ts';

/** The lists that are read page by page. */
export type List = 'leads' | 'consents' | 'audit';

/** Reads one page of a list. Its cursors are signed: a made-up or changed cursor, or one of another list, is refused. */
export type ReadPage = <Item>(
  list: List,
  page: PageRequest,
  read: (page: PageRequest) => Promise<Page<Item>>,
) => Promise<Page<Item>>;

/**
 * @returns a function that checks the cursor of a page request, reads the page, and signs the cursor of the next one. It rejects
 *   with OperationError `invalid` for a cursor that no page of the same list returned
 */
export function createPageReader(hashing: Pick<Hashing, 'cursor'>): ReadPage {
  const sign = (list: List, place: string): string => `${place}.${hashing.cursor(list, place).toString('base64url')}`;
  const placeOf = (list: List, cursor: string): string => {
    const place = cursor.slice(0, cursor.lastIndexOf('.'));
    const [given, right] = [Buffer.from(cursor), Buffer.from(sign(list, place))];
    if (given.length !== right.length || !timingSafeEqual(given, right)) throw new InvalidCursor();
    return place;
  };
  return async (list, { limit, after }, read) => {
    try {
      const { items, next } = await read({ limit, ...(after !== undefined && { after: placeOf(list, after) }) });
      return { items, ...(next !== undefined && { next: sign(list, next) }) };
    } catch (error) {
      if (!(error instanceof InvalidCursor)) throw error;
      throw new OperationError(
        'invalid',
        'after: use the cursor that the previous page of this list returned, unchanged',
      );
    }
  };
}
