import type { DatabaseSync } from 'node:sqlite';
import type { Lead } from '../../conversation/types.ts';
import { type Vault, VaultError } from '../vault.ts';
import type { Row } from './store.ts';

/**
 * Selects `seq` of the leads of a number, whose hash is bound twice: only its first byte is in the index, shelf by shelf. A
 * million leads fill a thousand shelves, which are looked through in some 20 ms.
 */
export const OF_NUMBER = `
  WITH RECURSIVE shelves (n) AS (
    SELECT 0 UNION ALL SELECT n + 1 FROM shelves WHERE n < (SELECT max(seq) >> 10 FROM leads)
  )
  SELECT seq FROM shelves CROSS JOIN leads ON seq >> 10 = n AND substr(phone_hash, 1, 1) = substr(?, 1, 1) AND phone_hash = ?`;

/** The lead of a row with `lead_key` and `lead`; `undefined` where it is gone, or where no key that we hold opens it. */
export function readLead({ lead_key: key, lead }: Row, vault: Vault): Lead | undefined {
  return readable(lead, (data) => vault.open({ key: key instanceof Uint8Array ? Buffer.from(key) : null, data }));
}

export function readDescription({ description }: Row, vault: Vault): string | undefined {
  return readable(description, (data) => vault.openText(data));
}

function readable<T>(column: Row[string] | undefined, open: (data: Buffer) => T): T | undefined {
  if (!(column instanceof Uint8Array)) return undefined;
  try {
    return open(Buffer.from(column));
  } catch (error) {
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}

/**
 * Gives a function that removes what a conversation holds of its consumer, inside the transaction under way. Rows are
 * blanked and not deleted: a deletion would make SQLite move other leads between pages and leave copies of them behind.
 */
export function prepareForget(database: DatabaseSync): (seq: number) => void {
  const statements = [
    'UPDATE conversations SET personal = 0 WHERE seq = ?',
    'UPDATE leads SET phone_hash = NULL, lead_key = NULL, lead = NULL WHERE seq = ?',
    'UPDATE descriptions SET description = NULL WHERE seq = ? AND description IS NOT NULL',
  ].map((sql) => database.prepare(sql));
  return (seq) => {
    for (const statement of statements) statement.run(seq);
  };
}
