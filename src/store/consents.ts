import type { ConsentRecord, Page, PageRequest } from '../domain/ports/lead-records.ts';
import { cutPage, placeAfter, type Row, readLead, toConsent, toCursor } from './rows.ts';
import type { Vault } from './vault.ts';

/** How many leads are decrypted in one turn of the event loop, which takes some 10 ms. */
export const LEADS_AT_A_TIME = 100;

/** Gives candidates: at most `limit` rows whose `seq` is above `after`, in ascending order, as `toConsent` reads them. */
export type SelectCandidates = (after: number, limit: number) => Promise<readonly Row[]>;

/**
 * A page of consents. Reads candidates until the page is full: of a lead from an earlier version, only the lead itself tells
 * whether it came with a consent.
 */
export async function consentPage(
  { limit, after }: PageRequest,
  vault: Vault,
  select: SelectCandidates,
): Promise<Page<ConsentRecord>> {
  const found: Row[] = [];
  for await (const rows of candidates(select, placeAfter(after))) {
    for (const row of rows) {
      const consent = toConsent(row, readLead(row, vault));
      if (consent) found.push({ seq: row.seq, consent });
    }
    if (found.length > limit) break;
  }
  return cutPage(found, limit, ({ consent }) => consent as ConsentRecord);
}

/** @returns how many of the candidates came with a consent, or cannot be read */
export async function countConsents(vault: Vault, select: SelectCandidates): Promise<number> {
  let count = 0;
  for await (const rows of candidates(select, 0))
    count += rows.filter((row) => toConsent(row, readLead(row, vault))).length;
  return count;
}

async function* candidates(select: SelectCandidates, after: number): AsyncGenerator<readonly Row[]> {
  for (let last = after; ; ) {
    const rows = await select(last, LEADS_AT_A_TIME);
    yield rows;
    if (rows.length < LEADS_AT_A_TIME) return;
    last = rows.at(-1)?.seq as number;
  }
}

/** What to write about candidates whose consent is not known yet. A lead that no key opens stays unknown. */
export function flagsOf(rows: readonly Row[], vault: Vault): readonly { seq: number; consent: boolean }[] {
  return rows.flatMap((row) => {
    const lead = readLead(row, vault);
    return lead ? [{ seq: row.seq as number, consent: lead.consent !== undefined }] : [];
  });
}

/** The cursor after these rows; `undefined` if they were the last ones. */
export function cursorAfter(rows: readonly Row[]): string | undefined {
  const last = rows.at(-1);
  return last && rows.length === LEADS_AT_A_TIME ? toCursor(last.seq as number) : undefined;
}
