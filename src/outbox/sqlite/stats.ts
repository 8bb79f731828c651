import { defined } from '../../conversation/defined.ts';
import type { OpenCounts, RecordStore } from '../records.ts';
import { IS_FINAL, IS_WAITING, type Store } from './store.ts';

export function createStatsStore({ database, read }: Store): Pick<RecordStore, 'stats' | 'openCounts'> {
  // Each is answered from a partial index alone; the conditions have to be spelled as there.
  const queued = database.prepare(
    `SELECT count(*) AS n, min(created_at) AS oldest FROM conversations WHERE next_at IS NOT NULL AND status = 'queued'`,
  );
  const waiting = database.prepare(
    `SELECT status, count(*) AS n FROM conversations WHERE ${IS_WAITING} GROUP BY status`,
  );
  const final = database.prepare(`SELECT status, count(*) AS n FROM conversations WHERE ${IS_FINAL} GROUP BY status`);
  const parked = database.prepare('SELECT id FROM providers WHERE parked_at IS NOT NULL ORDER BY id');
  const suppressed = database.prepare('SELECT count(*) AS n FROM suppressions');

  const openCounts = (): OpenCounts => {
    const { n, oldest } = queued.get() ?? {};
    return defined({
      byStatus: { held: 0, unknown: 0, parked: 0, ...byStatus(waiting.all()), queued: n as number },
      oldestQueuedAt: (oldest as number | null) ?? undefined,
      parkedProviders: parked.all().map(({ id }) => id as string),
    });
  };

  return {
    async openCounts() {
      return read(openCounts);
    },
    async stats() {
      return read(() => {
        const open = openCounts();
        return {
          ...open,
          byStatus: { delivered: 0, rejected: 0, ...byStatus(final.all()), ...open.byStatus },
          suppressions: suppressed.get()?.n as number,
        };
      });
    },
  };
}

function byStatus(rows: readonly Record<string, unknown>[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
}
