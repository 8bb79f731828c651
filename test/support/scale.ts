import { randomInt } from 'node:crypto';

/** The same random choices in every run, so that no run fails that did not fail before the change. */
const DEFAULT_SEED = 20_261_128;

/**
 * Load and fault tests have a bounded form, for every run, and a long form: `LONG=1 npm test -- test/process/kill.test.ts`.
 * The long form chooses at random; `SEED=…` repeats the choices of an earlier run.
 */
export function scaled<T>(bounded: T, long: T): T {
  return process.env.LONG === '1' ? long : bounded;
}

export function chosenSeed(): number {
  return Number(process.env.SEED ?? scaled(DEFAULT_SEED, randomInt(2 ** 31)));
}
