import { randomInt } from 'node:crypto';

/**
 * Load and fault tests have a bounded form, for every run, and a long form: `LONG=1 npm test -- test/process/kill.test.ts`.
 * `SEED=…` repeats the random choices of an earlier run.
 */
export function scaled<T>(bounded: T, long: T): T {
  return process.env.LONG === '1' ? long : bounded;
}

export function chosenSeed(): number {
  return Number(process.env.SEED ?? randomInt(2 ** 31));
}
