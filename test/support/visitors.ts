import type { Test } from 'tap';
import { type Replicas, startReplicas } from './replicas.ts';

/** The rate limit of a visitor under `limitedBy`. */
export const MAX = 5;
/** The number of concurrent clients of `load`. */
export const CALLERS = 4;

let visitors = 0;

/** Starts replicas that count in the Redis at `url`, and resolves when all of them use it. */
export async function startLimited(
  t: Test,
  url: string,
  { count = 3, changes = {} }: { readonly count?: number; readonly changes?: Readonly<Record<string, string>> } = {},
): Promise<Replicas> {
  const replicas = await startReplicas(t, count, { ...limitedBy(url), ...changes });
  await replicas.counting('shared');
  return replicas;
}

/** Settings with a small rate limit that is counted in the Redis at `url`. */
export function limitedBy(url: string): Record<string, string> {
  return { REDIS_URL: url, RATE_LIMIT_MAX: String(MAX), RATE_LIMIT_WINDOW_S: '600' };
}

/** The duration of each answer in milliseconds, and every status other than 201. */
export type Answers = { readonly times: number[]; readonly others: number[] };

/**
 * Sends leads of different visitors, a few at a time.
 *
 * @param url gives the gateway of the next lead; by default the replicas take turns
 * @param during called with the number of each lead before it is sent
 */
export async function load(
  replicas: Replicas,
  leads: number,
  { url, during }: { readonly url?: () => string; readonly during?: (sent: number) => void } = {},
): Promise<Answers> {
  const [times, others]: [number[], number[]] = [[], []];
  let sent = 0;
  const caller = async (): Promise<void> => {
    while (sent < leads) {
      sent += 1;
      during?.(sent);
      visitors += 1;
      const { status, ms } = await replicas.lead(`2001:db8:${visitors.toString(16)}::1`, url?.());
      times.push(ms);
      if (status !== 201) others.push(status);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return { times, others };
}

/** Sends nine times a visitor's limit to the replicas in turn, all at once, and returns how many leads are accepted. */
export async function allowance(replicas: Replicas, visitor: string): Promise<number> {
  const answers = await Promise.all(Array.from({ length: 9 * MAX }, () => replicas.lead(visitor)));
  return answers.filter(({ status }) => status === 201).length;
}
