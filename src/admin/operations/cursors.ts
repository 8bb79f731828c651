import type { Page, PageRequest } from '../../domain/ports/lead-records.ts';
import { InvalidCursor } from '../../domain/ports/outbox.ts';
import { createSignedPages } from '../../leads/cursors.ts';
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
 * @returns a function that rejects with OperationError `invalid` for a cursor that no page of the same list returned
 */
export function createPageReader(hashing: Pick<Hashing, 'cursor'>): ReadPage {
  const readSigned = createSignedPages(hashing);
  return async (list, page, read) => {
    try {
      return await readSigned(list, page, read);
    } catch (error) {
      if (!(error instanceof InvalidCursor)) throw error;
      throw new OperationError(
        'invalid',
        'after: use the cursor that the previous page of this list returned, unchanged',
      );
    }
  };
}
