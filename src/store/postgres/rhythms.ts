import type { RhythmStore } from '../../domain/ports/rhythm-store.ts';
import { LEARNT_AT_ONCE, learnRows, ORIGINS_KEPT, toRefusedOrigin, toRhythms } from '../rhythms.ts';
import { type Store, toColumns } from './database.ts';

/** When sites usually send leads. */
export function createRhythms({ database }: Store): RhythmStore {
  return {
    addSiteHours: (counts, origins, forgetBefore) =>
      database.transaction(async (query) => {
        // All processes lock rows in the same order.
        const ordered = counts.toSorted((a, b) => a.hour - b.hour || (a.site < b.site ? -1 : 1));
        if (ordered.length > 0)
          await query(
            ADD,
            toColumns(ordered, ({ site, hour, count }) => [hour, site, count], 3),
          );
        for (const { site, origin, count, lastAt } of origins.toSorted((a, b) =>
          `${a.site} ${a.origin}` < `${b.site} ${b.origin}` ? -1 : 1,
        ))
          await query(ADD_REFUSED, [site, origin, count, lastAt]);
        await query(FORGET_REFUSED, [forgetBefore]);
        if (origins.length > 0) await query(CUT_REFUSED);
      }),
    learnSiteHours: (before, forgetBefore) =>
      database.transaction(async (query) => {
        // Another process that learns now would lose what this one learns of the same site.
        await query(ONE_AT_A_TIME);
        const rows = await query(TAKE, [before, LEARNT_AT_ONCE]);
        const known = await query(KNOWN, [[...new Set(rows.map(({ site }) => site))]]);
        const learnt = learnRows(rows, known);
        if (learnt.length > 0) {
          const columns = toColumns(
            learnt,
            ({ site, state, lastHour, suspectFrom }) => [site, state, lastHour, suspectFrom],
            4,
          );
          await query(PUT, columns);
        }
        await query(FORGET, [forgetBefore]);
        return rows.length;
      }),
    async suspects(hour, limit) {
      return toRhythms(await database.read(SUSPECTS, [hour, limit]));
    },
    async rhythms(names) {
      return toRhythms(await database.read(KNOWN, [[...names]]));
    },
    async refusedOrigins(since) {
      return (await database.read(REFUSED, [since])).map(toRefusedOrigin);
    },
  };
}

const ADD = `
  INSERT INTO site_hours (hour, site, n) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])
  ON CONFLICT (hour, site) DO UPDATE SET n = site_hours.n + excluded.n`;

const ADD_REFUSED = `
  INSERT INTO refused_origins (site, origin, n, last_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (site, origin) DO UPDATE SET n = refused_origins.n + excluded.n,
    last_at = greatest(refused_origins.last_at, excluded.last_at)`;

const FORGET_REFUSED = 'DELETE FROM refused_origins WHERE last_at < $1';

const CUT_REFUSED = `
  DELETE FROM refused_origins WHERE (site, origin) IN (
    SELECT site, origin FROM refused_origins ORDER BY last_at DESC OFFSET ${ORIGINS_KEPT})`;

const ONE_AT_A_TIME = 'LOCK TABLE rhythms IN SHARE ROW EXCLUSIVE MODE';

const TAKE = `
  DELETE FROM site_hours WHERE (hour, site) IN (
    SELECT hour, site FROM site_hours WHERE hour < $1 ORDER BY hour, site LIMIT $2)
  RETURNING site, hour, n`;

const KNOWN = 'SELECT site, state FROM rhythms WHERE site = ANY ($1::text[])';

const PUT = `
  INSERT INTO rhythms (site, state, last_hour, suspect_from)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
  ON CONFLICT (site) DO UPDATE
    SET state = excluded.state, last_hour = excluded.last_hour, suspect_from = excluded.suspect_from`;

const FORGET = 'DELETE FROM rhythms WHERE last_hour < $1';

const SUSPECTS = 'SELECT site, state FROM rhythms WHERE suspect_from <= $1 ORDER BY suspect_from DESC LIMIT $2';

const REFUSED = `
  SELECT site, origin, n, last_at FROM refused_origins WHERE last_at >= $1
  ORDER BY n DESC, site COLLATE "C", origin COLLATE "C"`;
