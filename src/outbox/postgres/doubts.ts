import type { Database } from './database.ts';

/** As long may a server take to finish a commit whose connection is gone; far less than a lease lasts. */
const KEPT_MS = 30_000;

/**
 * Leases that nobody holds because the connection broke while they were committed: nobody attempts those leads, and their
 * leases would run out as if somebody had. Each batch stamps its leases, so that they can be given back.
 */
export interface Doubts {
  /** A stamp for the leases of one batch, unlike any other. */
  stamp(): string;
  /** The leases under `stamp` may stand; `until` is when the last of them would run out. */
  add(stamp: string, now: number, until: number): void;
  /** Gives back what is in doubt. Called before leads are claimed; does nothing when there is nothing. */
  settle(now: number): Promise<void>;
}

export function createDoubts(database: Database, owner: string): Doubts {
  const open = new Map<string, { readonly since: number; readonly until: number }>();
  let stamps = 0;
  return {
    stamp() {
      stamps += 1;
      return `${owner}/${stamps}`;
    },
    add: (stamp, now, until) => void open.set(stamp, { since: now, until }),
    async settle(now) {
      if (open.size === 0) return;
      const until = Math.max(...[...open.values()].map((doubt) => doubt.until));
      // Whoever held it before may have sent it: such a lease runs out, at once.
      await database.write(
        `UPDATE conversations
         SET lease_owner = CASE WHEN taken_over THEN lease_owner END,
             next_at = CASE WHEN taken_over OR status = 'queued' THEN least(next_at, $1) END
         WHERE next_at <= $2 AND lease_owner = ANY ($3)`,
        [now, until, [...open.keys()]],
      );
      for (const [stamp, { since }] of open) if (now >= since + KEPT_MS) open.delete(stamp);
    },
  };
}
