import type { Lead } from '../domain/lead.ts';
import type { Claim } from '../domain/ports/delivery-queue.ts';
import { type Row, readLead, toLease } from './rows.ts';
import type { Vault } from './vault.ts';

/** Rows that are being claimed, by what becomes of them. */
export type SortedRows = {
  /** Their lead is read: a claim is given for each. */
  readonly claimable: readonly { readonly row: Row; readonly lead: Lead }[];
  /** No configured key opens their lead: they are parked until a person restores the key. */
  readonly unreadable: readonly Row[];
  /** They were stored for a suppressed number, without a lead: they are rejected. */
  readonly suppressed: readonly Row[];
};

/** @param rows with personal, lead_key and lead */
export function sortRows(rows: readonly Row[], vault: Vault): SortedRows {
  const claimable: { row: Row; lead: Lead }[] = [];
  const unreadable: Row[] = [];
  const suppressed: Row[] = [];
  for (const row of rows) {
    if (!row.personal) {
      suppressed.push(row);
      continue;
    }
    const lead = readLead(row, vault);
    if (lead) claimable.push({ row, lead });
    else unreadable.push(row);
  }
  return { claimable, unreadable, suppressed };
}

/** @param row just leased; `taken_over` says whether it was leased before, and `fence` is the new one */
export function toClaim({ row, lead }: { readonly row: Row; readonly lead: Lead }): Claim {
  return {
    lease: toLease(row),
    lead,
    tries: row.tries as number,
    unknowns: row.unknowns as number,
    mayHaveArrived: Boolean(row.may_have_arrived),
    expired: Boolean(row.taken_over),
    suppressed: Boolean(row.suppressed),
  };
}

/** How many conversations of each provider one call claims at most. */
export function providerShare(limit: number, providers: readonly string[]): number {
  return Math.max(1, Math.floor(limit / Math.max(1, providers.length)));
}
