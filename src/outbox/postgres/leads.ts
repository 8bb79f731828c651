import type { Lead } from '../../conversation/types.ts';
import { type Vault, VaultError } from '../vault.ts';
import type { Query, Row } from './database.ts';

/** The lead of a row with `lead_key` and `lead`; `undefined` where it is gone, or where no key that we hold opens it. */
export function readLead({ lead_key: key, lead }: Row, vault: Vault): Lead | undefined {
  return readable(lead, (data) => vault.open({ key: key instanceof Buffer ? key : null, data }));
}

export function readDescription({ description }: Row, vault: Vault): string | undefined {
  return readable(description, (data) => vault.openText(data));
}

function readable<T>(column: unknown, open: (data: Buffer) => T): T | undefined {
  if (!(column instanceof Buffer)) return undefined;
  try {
    return open(column);
  } catch (error) {
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}

/**
 * Removes what conversations hold of their consumers, inside the transaction under way; `requests` and `counters` are the
 * caller's. Until `scrub` the removed rows lie in the files.
 */
export async function forget(query: Query, seqs: readonly number[]): Promise<void> {
  await query('UPDATE conversations SET personal = false WHERE seq = ANY ($1)', [seqs]);
  await query('DELETE FROM leads WHERE seq = ANY ($1)', [seqs]);
  await query('DELETE FROM descriptions WHERE seq = ANY ($1)', [seqs]);
  const keys = await query('DELETE FROM lead_keys WHERE seq = ANY ($1) RETURNING lead_key IS NULL AS plain', [seqs]);
  await noteResidue(
    query,
    keys.some(({ plain }) => plain),
  );
}

/** Something was removed that is not scrubbed yet; `plain` where the lead itself was not encrypted. */
export async function noteResidue(query: Query, plain: boolean): Promise<void> {
  await query('UPDATE residue SET removed = removed + 1, plain = plain OR $1', [plain]);
}
