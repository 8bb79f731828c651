import type { DatabaseSync } from 'node:sqlite';
import type { Pending } from './batch.ts';

/** How often each key was counted on a day, within the transaction under way. */
export interface Counters {
  /** Counts one more and gives how many there are now; `phoneHash` is whom the counter names, if anybody. */
  count(day: number, key: Uint8Array, phoneHash: Uint8Array | null): number;
  uncount(day: number, key: Uint8Array): void;
  /** What the batch counted and has not written yet. */
  readonly pending: Pending;
}

type Counted = { readonly day: number; readonly key: Uint8Array; n: number };

/**
 * Leads of one batch mostly share the counter of their site, and of a partner's address: those are read once and written once
 * a batch. A counter that names a number is written at once, so that an erasure in the same batch finds it.
 */
export function createCounters(database: DatabaseSync): Counters {
  // RETURNING would say it in one statement, at the cost of a table of its own each time.
  const read = database.prepare('SELECT n FROM counters WHERE day = ? AND key = ?');
  const begin = database.prepare('INSERT INTO counters (day, key, n, phone_hash) VALUES (?, ?, 1, ?)');
  const count = database.prepare('UPDATE counters SET n = ? WHERE day = ? AND key = ?');
  const uncount = database.prepare('UPDATE counters SET n = n - 1 WHERE day = ? AND key = ?');
  const write = database.prepare(
    'INSERT INTO counters (day, key, n) VALUES (?, ?, ?) ON CONFLICT (day, key) DO UPDATE SET n = excluded.n',
  );
  const shared = new Map<string, Counted>();

  const countAtOnce = (day: number, key: Uint8Array, phoneHash: Uint8Array): number => {
    const before = read.get(day, key)?.n as number | undefined;
    if (before === undefined) begin.run(day, key, phoneHash);
    else count.run(before + 1, day, key);
    return (before ?? 0) + 1;
  };

  return {
    count(day, key, phoneHash) {
      if (phoneHash !== null) return countAtOnce(day, key, phoneHash);
      const name = nameOf(day, key);
      const known = shared.get(name);
      if (known) return ++known.n;
      const n = ((read.get(day, key)?.n as number | undefined) ?? 0) + 1;
      shared.set(name, { day, key, n });
      return n;
    },
    uncount(day, key) {
      const known = shared.get(nameOf(day, key));
      if (known) known.n -= 1;
      else uncount.run(day, key);
    },
    pending: {
      write() {
        for (const { day, key, n } of shared.values()) write.run(day, key, n);
        shared.clear();
      },
      forget: () => shared.clear(),
    },
  };
}

function nameOf(day: number, key: Uint8Array): string {
  return `${day}:${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`;
}
