import type { DatabaseSync } from 'node:sqlite';
import type { Use } from '../../conversation/screening.ts';

/** What leads use up, inside the transaction under way. */
export function prepareUses(database: DatabaseSync) {
  // Changes nothing where it was used before and could still be presented.
  const insert = database.prepare(
    `INSERT INTO uses (key, expires_at) VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE uses.expires_at <= ?`,
  );
  const remove = database.prepare('DELETE FROM uses WHERE key = ?');
  const giveBack = (uses: readonly Use[]): void => {
    for (const { key } of uses) remove.run(key);
  };
  return {
    /** Takes all of them, or none: then gives the first that was used before. */
    take(uses: readonly Use[], now: number): Use | undefined {
      const second = uses.findIndex(({ key, expiresAt }) => insert.run(key, expiresAt, now).changes === 0);
      if (second !== -1) giveBack(uses.slice(0, second));
      return uses[second];
    },
    giveBack,
  };
}
