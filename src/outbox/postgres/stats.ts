import { defined } from '../../conversation/defined.ts';
import type { OpenCounts, RecordStore } from '../records.ts';
import type { Query, Row } from './database.ts';
import type { Store } from './store.ts';

export function createStatsStore({ database }: Store): Pick<RecordStore, 'stats' | 'openCounts'> {
  const openCounts = async (query: Query): Promise<OpenCounts> => {
    const [queued] = await query(QUEUED);
    return defined({
      byStatus: { held: 0, unknown: 0, parked: 0, ...byStatus(await query(WAITING)), queued: queued?.n as number },
      oldestQueuedAt: (queued?.oldest as number | null) ?? undefined,
      parkedProviders: (await query(PARKED)).map(({ id }) => id as string),
    });
  };
  return {
    openCounts: () => openCounts(database.read),
    async stats() {
      const open = await openCounts(database.read);
      const [suppressed] = await database.read('SELECT count(*) AS n FROM suppressions');
      return {
        ...open,
        byStatus: { delivered: 0, rejected: 0, ...byStatus(await database.read(FINAL)), ...open.byStatus },
        suppressions: suppressed?.n as number,
      };
    },
  };
}

function byStatus(rows: readonly Row[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
}

// Each is answered from a partial index of what is open; the conditions have to be spelled as there.
const QUEUED = "SELECT count(*) AS n, min(created_at) AS oldest FROM conversations WHERE status = 'queued'";
const WAITING = `
  SELECT status, count(*) AS n FROM conversations WHERE status IN ('held', 'unknown', 'parked') GROUP BY status`;
const FINAL = `SELECT status, count(*) AS n FROM conversations WHERE status IN ('delivered', 'rejected') GROUP BY status`;
const PARKED = 'SELECT id FROM providers WHERE parked_at IS NOT NULL ORDER BY id';
