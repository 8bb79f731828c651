import type { ConsentStore, Filter } from '../../domain/ports/lead-records.ts';
import { consentPage, countConsents, cursorAfter, flagsOf, LEADS_AT_A_TIME } from '../consents.ts';
import { placeAfter, type Row } from '../rows.ts';
import type { Store } from './database.ts';
import { prepareNewestSeq, where } from './records.ts';
import { collect, type Slice, slicesUp } from './slices.ts';

/** Conversations that came with a consent, or whose lead has to be read to know it. The planner would prefer the whole slice. */
const CANDIDATES = 'conversations INDEXED BY conversations_consent';
const IS_CANDIDATE = 'personal = 1 AND consent IS NOT 0';

export function createConsents({ database, read, writer, vault }: Store): ConsentStore {
  const newestSeq = prepareNewestSeq({ database, read });
  const flag = database.prepare('UPDATE conversations SET consent = ? WHERE seq = ? AND consent IS NULL');

  /** Selects candidates after `after`, oldest first. */
  const select = async (filter: Filter, term: string, after: number, limit: number): Promise<Row[]> =>
    collect(read, slicesUp(await newestSeq(), after), limit, (slice, missing) => {
      const { sql, values } = where(filter, slice);
      return database
        .prepare(
          `SELECT seq, id, site, created_at, consent, lead_key, lead FROM ${CANDIDATES} JOIN leads USING (seq)
           WHERE ${sql} AND ${IS_CANDIDATE} AND ${term} ORDER BY seq LIMIT ?`,
        )
        .all(...values, missing);
    });
  const countIn = (filter: Filter, slice: Slice): readonly Row[] => {
    const { sql, values } = where(filter, slice);
    return database
      .prepare(`SELECT count(*) AS n FROM ${CANDIDATES} WHERE ${sql} AND ${IS_CANDIDATE} AND consent = 1`)
      .all(...values);
  };

  return {
    consents: (filter, page) => consentPage(page, vault, (after, limit) => select(filter, 'TRUE', after, limit)),
    async countConsents(filter) {
      const counts = await collect(read, slicesUp(await newestSeq()), Number.POSITIVE_INFINITY, (slice) =>
        countIn(filter, slice),
      );
      const known = counts.reduce((sum, { n }) => sum + (n as number), 0);
      return known + (await countConsents(vault, (after, limit) => select(filter, 'consent IS NULL', after, limit)));
    },
    async flagConsents(cursor) {
      const rows = await select({}, 'consent IS NULL', placeAfter(cursor), LEADS_AT_A_TIME);
      const flags = flagsOf(rows, vault);
      if (flags.length > 0) {
        await writer.write(() => {
          for (const { seq, consent } of flags) flag.run(consent ? 1 : 0, seq);
        });
      }
      return cursorAfter(rows);
    },
  };
}
