import type { CapKind } from '../domain/ports/lead-store.ts';
import { dayOf } from '../lib/clock.ts';
import { isOfNumber, suspectKey } from './accept.ts';
import type { OutboxOptions } from './options.ts';
import { type Row, toBuffer } from './rows.ts';

/** A change of a counter by one. `phoneHash` is set for the counters of a number, which an erasure removes. */
export type Change = {
  readonly day: number;
  readonly key: Uint8Array;
  readonly by: 1 | -1;
  readonly phoneHash: Uint8Array | null;
};

/**
 * The changes of counters when conversations are released. A suspect counts on the counters of its number and site of the day
 * of its release, because that is the day on which it is sent. Its counters of an earlier day have no effect any more.
 *
 * @param rows with cause, site, created_at and phone_hash
 */
export function countReleased(rows: readonly Row[], capKeys: OutboxOptions['capKeys'], now: number): readonly Change[] {
  const day = dayOf(now);
  return rows
    .filter(({ cause, phone_hash: hash }) => cause === 'suspect' && hash instanceof Uint8Array)
    .flatMap((row): readonly Change[] => {
      const hash = toBuffer(row.phone_hash as Uint8Array);
      const keys = Object.entries(capKeys(row.site as string, hash)) as [CapKind, Uint8Array][];
      const today = dayOf(row.created_at as number) === day;
      return keys.flatMap(([kind, key]): readonly Change[] => {
        const phoneHash = isOfNumber(kind) ? hash : null;
        const counted: Change = { day, key, by: 1, phoneHash };
        return today ? [counted, { day, key: suspectKey(key), by: -1, phoneHash }] : [counted];
      });
    });
}
