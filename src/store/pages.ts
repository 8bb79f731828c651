import type { ConsentRecord, Page, PageRequest } from '../domain/ports/lead-records.ts';
import { InvalidCursor } from '../domain/ports/outbox.ts';
import { type Row, readLead, toConsent } from './rows.ts';
import type { Vault } from './vault.ts';

/** How many leads are decrypted in one turn of the event loop: only the decrypted lead shows whether it has a consent. */
const CONSENTS_AT_A_TIME = 200;

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

/**
 * A page of consents. Reads rows until the page is full, since a row without consent shows only after decryption.
 *
 * @param select gives at most `limit` rows whose `seq` is above `after`, in ascending order
 */
export async function consentPage(
  { limit, after }: PageRequest,
  vault: Vault,
  select: (after: number, limit: number) => Promise<readonly Row[]>,
): Promise<Page<ConsentRecord>> {
  const found: Row[] = [];
  let last = placeAfter(after);
  for (;;) {
    const rows = await select(last, CONSENTS_AT_A_TIME);
    for (const row of rows) {
      const consent = toConsent(row, readLead(row, vault));
      if (consent) found.push({ seq: row.seq, consent });
    }
    if (found.length > limit || rows.length < CONSENTS_AT_A_TIME) break;
    last = rows.at(-1)?.seq as number;
  }
  return cutPage(found, limit, ({ consent }) => consent as ConsentRecord);
}

/** The place of a row in a list, as the opaque text that callers give back. */
function toCursor(place: number): string {
  return Buffer.from(String(place)).toString('base64url');
}

function fromCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^\d{1,15}$/.test(text)) throw new InvalidCursor();
  return Number(text);
}
