import type { KeyStore, SealedColumn } from '../../domain/ports/key-store.ts';
import { rewrapPage, toSealedCounts } from '../keys.ts';
import { KEY_ID_BYTES } from '../vault.ts';
import type { Store } from './database.ts';

/**
 * Each statement leaves the length of a value as it is, so SQLite overwrites it in place, and no copy of it stays behind in another
 * page. `value = ?` leaves a value alone that was erased or replaced since it was read.
 */
const SQL: Readonly<Record<SealedColumn, { readonly page: string; readonly change: string }>> = {
  lead: {
    page: `SELECT leads.seq, id, lead_key AS value FROM leads JOIN conversations USING (seq)
           WHERE leads.seq > ? AND lead_key IS NOT NULL ORDER BY leads.seq LIMIT ?`,
    change: 'UPDATE leads SET lead_key = ? WHERE seq = ? AND lead_key = ?',
  },
  description: {
    page: `SELECT n AS seq, id, description AS value FROM descriptions JOIN conversations USING (seq)
           WHERE n > ? AND description IS NOT NULL ORDER BY n LIMIT ?`,
    change: 'UPDATE descriptions SET description = ? WHERE n = ? AND description = ?',
  },
  attempt: {
    page: `SELECT place AS seq, id, description AS value FROM attempts JOIN conversations USING (seq)
           WHERE place > ? AND description IS NOT NULL ORDER BY place LIMIT ?`,
    change: 'UPDATE attempts SET description = ? WHERE place = ? AND description = ?',
  },
  entry: {
    page: `SELECT seq, kind || ':' || key AS id, secrets AS value FROM entries
           WHERE seq > ? AND secrets IS NOT NULL ORDER BY seq LIMIT ?`,
    change: 'UPDATE entries SET secrets = ? WHERE seq = ? AND secrets = ?',
  },
};

export function createKeyStore({ database, read, writer, vault }: Store): KeyStore {
  return {
    async sealedCounts() {
      const rows = await read(() => database.prepare(SEALED_COUNTS.sql).all(...SEALED_COUNTS.values));
      return toSealedCounts(rows, vault);
    },
    // One version of the program at a time uses a file, so nothing was ever sealed otherwise since the schema was updated.
    sealBound: async () => undefined,
    async rewrap(column, after, limit) {
      const { page, change } = SQL[column];
      // Read outside of the transaction that writes: it would keep a running gateway from the lock.
      const rows = await read(() => database.prepare(page).all(after, limit));
      const { changes, ...rest } = rewrapPage(rows, limit, column, vault);
      if (changes.length === 0) return { changed: 0, ...rest };
      const changed = await writer.write(() => {
        const update = database.prepare(change);
        return changes.reduce((sum, { seq, from, to }) => sum + Number(update.run(to, seq, from).changes), 0);
      });
      return { changed, ...rest };
    },
  };
}

/** Counts the sealed values by the first bytes of their wrapped keys, as `toSealedCounts` reads them. */
export const SEALED_COUNTS = {
  sql: `
    SELECT substr(lead_key, 1, ?) AS head, count(*) AS n FROM leads WHERE lead IS NOT NULL GROUP BY 1
    UNION ALL SELECT substr(description, 1, ?), count(*) FROM descriptions WHERE description IS NOT NULL GROUP BY 1
    UNION ALL SELECT substr(description, 1, ?), count(*) FROM attempts WHERE description IS NOT NULL GROUP BY 1
    UNION ALL SELECT substr(secrets, 1, ?), count(*) FROM entries WHERE secrets IS NOT NULL GROUP BY 1`,
  values: [KEY_ID_BYTES, KEY_ID_BYTES, KEY_ID_BYTES, KEY_ID_BYTES],
} as const;
