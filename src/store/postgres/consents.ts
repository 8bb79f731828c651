import type { ConsentStore, Filter } from '../../domain/ports/lead-records.ts';
import { consentPage, countConsents, cursorAfter, flagsOf, LEADS_AT_A_TIME } from '../consents.ts';
import { placeAfter, type Row } from '../rows.ts';
import type { Store } from './database.ts';
import { where } from './records.ts';

/** The condition of the partial index: came with a consent, or the lead has to be read to know it. */
const IS_CANDIDATE = 'personal AND consent IS NOT FALSE';

export function createConsents({ database, vault }: Store): ConsentStore {
  /** Selects candidates after `after`, oldest first. */
  const select = (filter: Filter, term: string, after: number, limit: number): Promise<readonly Row[]> => {
    const { sql, values } = where(filter);
    const n = values.length;
    return database.read(
      `SELECT seq, id, site, created_at, lead_key, lead
       FROM conversations JOIN leads USING (seq) JOIN lead_keys USING (seq)
       WHERE ${sql} AND ${IS_CANDIDATE} AND ${term} AND seq > $${n + 1} ORDER BY seq LIMIT $${n + 2}`,
      [...values, after, limit],
    );
  };
  return {
    consents: (filter, page) => consentPage(page, vault, (after, limit) => select(filter, 'TRUE', after, limit)),
    async countConsents(filter) {
      const { sql, values } = where(filter);
      const [known] = await database.read(
        `SELECT count(*) AS n FROM conversations WHERE ${sql} AND ${IS_CANDIDATE} AND consent`,
        values,
      );
      const unknown = await countConsents(vault, (after, limit) => select(filter, 'consent IS NULL', after, limit));
      return (known?.n as number) + unknown;
    },
    async flagConsents(cursor) {
      const rows = await select({}, 'consent IS NULL', placeAfter(cursor), LEADS_AT_A_TIME);
      const flags = flagsOf(rows, vault);
      if (flags.length > 0)
        await database.write(FLAG, [flags.map(({ seq }) => seq), flags.map(({ consent }) => consent)]);
      return cursorAfter(rows);
    },
  };
}

const FLAG = `
  UPDATE conversations SET consent = v.consent FROM unnest($1::bigint[], $2::boolean[]) AS v (seq, consent)
  WHERE conversations.seq = v.seq AND conversations.consent IS NULL`;
