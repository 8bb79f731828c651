import type { Test } from 'tap';
import { type RunningGateway, startGateway } from './gateway.ts';
import { type Replicas, startReplicas } from './replicas.ts';

/** A visitor's limit under `limitedBy`. */
export const MAX = 5;
/** How many callers `load` plays. */
export const CALLERS = 4;
/** What Redis may add to a request at the 99th percentile. */
export const MOST_ADDED_MS = 350;
/** More than any of this is not for Redis. */
const NOTICED_MS = 200;

let visitors = 0;

type Limited = { readonly count?: number; readonly changes?: Readonly<Record<string, string>> };

/** Replicas that count in the Redis at `url`, and a gateway of the same settings but for Redis. */
export async function startLimited(
  t: Test,
  url: string,
  { count = 3, changes = {} }: Limited = {},
): Promise<{ replicas: Replicas; without: RunningGateway }> {
  const replicas = await startReplicas(t, count, { ...limitedBy(url), ...changes });
  await replicas.counting('shared');
  return { replicas, without: await startGateway(t, { ...replicas.env, REDIS_URL: '' }) };
}

/** Settings that count a visitor's few leads in the Redis at `url`. */
export function limitedBy(url: string): Record<string, string> {
  return { REDIS_URL: url, RATE_LIMIT_MAX: String(MAX), RATE_LIMIT_WINDOW_S: '600' };
}

type Load = { readonly replicas: Replicas; readonly without: RunningGateway; readonly leads: number };

/**
 * Sends leads, each another visitor's, a few at a time: to the replicas, and as many at the same time to the gateway without
 * Redis. Gives what Redis added at the 99th percentile, in milliseconds, how many it held up, and every status but 201.
 *
 * @param during called with the number of each lead before it is sent
 */
export async function load({ replicas, without, leads }: Load, during?: (sent: number) => void) {
  const [times, plain]: [number[], number[]] = [[], []];
  const others: number[] = [];
  let sent = 0;
  const send = async (into: number[], url?: string): Promise<void> => {
    visitors += 1;
    const { status, ms } = await replicas.lead(`2001:db8:${visitors.toString(16)}::1`, url);
    into.push(ms);
    if (status !== 201) others.push(status);
  };
  const caller = async (): Promise<void> => {
    while (sent < leads) {
      sent += 1;
      during?.(sent);
      await send(times);
      await send(plain, without.url);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const usual = p99(plain);
  return { added: p99(times) - usual, heldUp: times.filter((ms) => ms > usual + NOTICED_MS).length, usual, others };
}

/** How many of nine times its limit one visitor gets through, sent at once to the replicas in turn. */
export async function allowance(replicas: Replicas, visitor: string): Promise<number> {
  const answers = await Promise.all(Array.from({ length: 9 * MAX }, () => replicas.lead(visitor)));
  return answers.filter(({ status }) => status === 201).length;
}

function p99(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}
