import { StorageUnavailable } from '../port.ts';
import { MIGRATIONS } from './migrations.ts';
import type { SkewWatch } from './skew.ts';

/** Whether this process may work on the database at all, whatever asks it to. */
export interface Fitness {
  /** Takes note of the oldest schema version whose programs still work on the database. */
  note(oldestReader: number): void;
  /** @throws StorageUnavailable where a newer version has changed the schema under us, or clocks are too far apart */
  check(): void;
  /** The same function, for a process that is fit alone: another would take live leases over, or remove what is not old yet. */
  ifFit<Args extends unknown[], Result>(run: (...args: Args) => Promise<Result>): (...args: Args) => Promise<Result>;
}

export function createFitness(skew: Pick<SkewWatch, 'check'>): Fitness {
  let leftBehind = false;
  const check = (): void => {
    if (leftBehind)
      throw new StorageUnavailable('A newer version has changed the database so that this one must not go on.');
    skew.check();
  };
  return {
    note(oldestReader) {
      leftBehind = oldestReader > MIGRATIONS.length;
    },
    check,
    ifFit:
      (run) =>
      async (...args) => {
        check();
        return run(...args);
      },
  };
}
