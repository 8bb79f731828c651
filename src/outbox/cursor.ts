import { InvalidCursor } from './records.ts';

/** The place of a row in a list, as the opaque text that callers hand back. */
export function toCursor(place: number): string {
  return Buffer.from(String(place)).toString('base64url');
}

/** @throws InvalidCursor */
export function fromCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^\d{1,15}$/.test(text)) throw new InvalidCursor();
  return Number(text);
}

/**
 * Cuts a page out of rows of which one more than `limit` was asked for, so that the last page is known to be the last.
 *
 * @param place of a row in the list
 */
export function cutPage<Row>(rows: readonly Row[], limit: number, place: (row: Row) => number): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, ...(last !== undefined && rows.length > limit && { next: toCursor(place(last)) }) };
}

export type Page<Row> = { readonly items: readonly Row[]; readonly next?: string };
