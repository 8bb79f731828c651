import type { RhythmStore } from '../../domain/ports/rhythm-store.ts';
import { LEARNT_AT_ONCE, learnRows, ORIGINS_KEPT, toRefusedOrigin, toRhythms } from '../rhythms.ts';
import type { Store } from './database.ts';

/** When sites usually send leads. */
export function createRhythms({ database, writer, read }: Store): RhythmStore {
  const add = database.prepare(
    'INSERT INTO site_hours (hour, site, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n',
  );
  const addRefused = database.prepare(
    `INSERT INTO refused_origins (site, origin, n, last_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET n = n + excluded.n, last_at = max(last_at, excluded.last_at)`,
  );
  const forgetRefused = database.prepare('DELETE FROM refused_origins WHERE last_at < ?');
  const cutRefused = database.prepare(
    `DELETE FROM refused_origins WHERE (site, origin) IN (
       SELECT site, origin FROM refused_origins ORDER BY last_at DESC LIMIT -1 OFFSET ${ORIGINS_KEPT})`,
  );
  const hours = database.prepare('SELECT site, hour, n FROM site_hours WHERE hour < ? ORDER BY hour, site LIMIT ?');
  const remove = database.prepare('DELETE FROM site_hours WHERE hour = ? AND site = ?');
  const known = database.prepare('SELECT site, state FROM rhythms WHERE site IN (SELECT value FROM json_each(?))');
  const put = database.prepare(
    `INSERT INTO rhythms (site, state, last_hour, suspect_from) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET state = excluded.state, last_hour = excluded.last_hour, suspect_from = excluded.suspect_from`,
  );
  const forget = database.prepare('DELETE FROM rhythms WHERE last_hour < ?');
  const suspects = database.prepare(
    'SELECT site, state FROM rhythms WHERE suspect_from <= ? ORDER BY suspect_from DESC LIMIT ?',
  );
  const refused = database.prepare(
    'SELECT site, origin, n, last_at FROM refused_origins WHERE last_at >= ? ORDER BY n DESC, site, origin',
  );

  return {
    addSiteHours: (counts, origins, forgetBefore) =>
      writer.write(() => {
        for (const { site, hour, count } of counts) add.run(hour, site, count);
        for (const { site, origin, count, lastAt } of origins) addRefused.run(site, origin, count, lastAt);
        forgetRefused.run(forgetBefore);
        if (origins.length > 0) cutRefused.run();
      }),
    learnSiteHours: (before, forgetBefore) =>
      writer.write(() => {
        const rows = hours.all(before, LEARNT_AT_ONCE);
        const names = JSON.stringify([...new Set(rows.map(({ site }) => site))]);
        for (const { site, state, lastHour, suspectFrom } of learnRows(rows, known.all(names)))
          put.run(site, state, lastHour, suspectFrom);
        for (const { hour = null, site = null } of rows) remove.run(hour, site);
        forget.run(forgetBefore);
        return rows.length;
      }),
    suspects: (hour, limit) => read(() => toRhythms(suspects.all(hour, limit))),
    rhythms: (names) => read(() => toRhythms(known.all(JSON.stringify(names)))),
    refusedOrigins: (since) => read(() => refused.all(since).map(toRefusedOrigin)),
  };
}
