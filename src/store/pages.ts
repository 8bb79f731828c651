import type { Page } from '../domain/ports/lead-records.ts';
import { InvalidCursor } from '../domain/ports/outbox.ts';
import type { Row } from './rows.ts';

/** The place after which an ascending list continues. @throws InvalidCursor */
export function placeAfter(cursor: string | undefined): number {
  return cursor === undefined ? 0 : fromCursor(cursor);
}

/** The place before which a descending list continues. @throws InvalidCursor */
export function placeBefore(cursor: string | undefined): number {
  return cursor === undefined ? Number.MAX_SAFE_INTEGER : fromCursor(cursor);
}

/**
 * Cuts a page out of the rows of a list. The query asks for one row more than `limit`, which shows whether another page
 * follows.
 *
 * @param rows with `seq`, the place of a row in its list
 */
export function cutPage<Item>(rows: readonly Row[], limit: number, toItem: (row: Row) => Item): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = last !== undefined && rows.length > limit ? { next: toCursor(last.seq as number) } : {};
  return { items: shown.map(toItem), ...next };
}

/** The place of a row in a list, as the opaque text that callers give back. */
export function toCursor(place: number): string {
  return Buffer.from(String(place)).toString('base64url');
}

function fromCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^\d{1,15}$/.test(text)) throw new InvalidCursor();
  return Number(text);
}
