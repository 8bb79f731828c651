import type { KeyStore, SealedColumn } from '../../domain/ports/key-store.ts';
import { type Rewrapped, rewrapPage, toSealedCounts } from '../keys.ts';
import { KEY_ID_BYTES } from '../vault.ts';
import { type Store, toColumns } from './database.ts';
import { sealBound } from './open.ts';

/** A value that was erased or replaced since it was read differs from `v.from`, and stays as it is. */
const SQL: Readonly<Record<SealedColumn, { readonly page: string; readonly change: string }>> = {
  lead: {
    page: `SELECT seq, id, lead_key AS value FROM lead_keys JOIN conversations USING (seq)
           WHERE seq > $1 AND lead_key IS NOT NULL ORDER BY seq LIMIT $2`,
    change: `UPDATE lead_keys SET lead_key = v.new FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS v (seq, old, new)
             WHERE lead_keys.seq = v.seq AND lead_key = v.old RETURNING 1`,
  },
  description: {
    page: `SELECT seq, id, description AS value FROM descriptions JOIN conversations USING (seq)
           WHERE seq > $1 ORDER BY seq LIMIT $2`,
    change: `UPDATE descriptions SET description = v.new
             FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS v (seq, old, new)
             WHERE descriptions.seq = v.seq AND description = v.old RETURNING 1`,
  },
  attempt: {
    page: `SELECT place AS seq, id, description AS value FROM attempts JOIN conversations USING (seq)
           WHERE place > $1 AND description IS NOT NULL ORDER BY place LIMIT $2`,
    change: `UPDATE attempts SET description = v.new
             FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS v (place, old, new)
             WHERE attempts.place = v.place AND description = v.old RETURNING 1`,
  },
  entry: {
    page: `SELECT seq, kind || ':' || key AS id, secrets AS value FROM entries
           WHERE seq > $1 AND secrets IS NOT NULL ORDER BY seq LIMIT $2`,
    change: `UPDATE entries SET secrets = v.new FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS v (seq, old, new)
             WHERE entries.seq = v.seq AND secrets = v.old RETURNING 1`,
  },
};

export function createKeyStore({ database, vault }: Store): KeyStore {
  return {
    // A session has no time limit for a statement; this one reads every key.
    sealedCounts: () => database.session(async (query) => toSealedCounts(await query(COUNTS, [KEY_ID_BYTES]), vault)),
    sealBound: () => sealBound(database.write),
    async rewrap(column, after, limit) {
      const { page, change } = SQL[column];
      const { changes, ...rest } = rewrapPage(await database.read(page, [after, limit]), limit, column, vault);
      if (changes.length === 0) return { changed: 0, ...rest };
      const values = ({ seq, from, to }: Rewrapped) => [seq, from, to];
      return { changed: (await database.write(change, toColumns(changes, values, 3))).length, ...rest };
    },
  };
}

const COUNTS = `
  SELECT substring(lead_key FROM 1 FOR $1) AS head, count(*) AS n FROM lead_keys GROUP BY 1
  UNION ALL SELECT substring(description FROM 1 FOR $1), count(*) FROM descriptions GROUP BY 1
  UNION ALL SELECT substring(description FROM 1 FOR $1), count(*) FROM attempts WHERE description IS NOT NULL GROUP BY 1
  UNION ALL SELECT substring(secrets FROM 1 FOR $1), count(*) FROM entries WHERE secrets IS NOT NULL GROUP BY 1`;
