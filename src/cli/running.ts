import { isIPv6 } from 'node:net';
import type { Settings } from '../config/settings.ts';

/** A gateway on this machine answers at once; one that hangs must not hold up a command. */
const TIMEOUT_MS = 2_000;

/** What the running gateway says of itself at `GET /state`. */
export type RunningGateway = {
  readonly providers: readonly { readonly id: string; readonly endpoint: string; readonly parked: boolean }[];
  readonly breakers: readonly { readonly endpoint: string; readonly state: 'closed' | 'half_open' | 'open' }[];
  readonly settings: { readonly refused: boolean; readonly mistakes?: number };
};

/**
 * Asks the running gateway for its state on the operators' listener: the breakers are in its memory and nowhere else.
 *
 * @returns `undefined` without such a listener, with one on any free port, and when it does not answer as expected
 */
export async function askRunning(admin: Settings['admin']): Promise<RunningGateway | undefined> {
  if (admin === undefined || admin.port === 0) return undefined;
  const { host, port, token } = admin;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  try {
    const answer = await fetch(`http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}/state`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return answer.ok ? ((await answer.json()) as RunningGateway) : undefined;
  } catch {
    return undefined;
  }
}

/** The accounts whose endpoint's breaker is in that state. */
export function accountsBehind({ providers, breakers }: RunningGateway, state: 'half_open' | 'open'): string[] {
  const endpoints = new Set(breakers.filter((breaker) => breaker.state === state).map(({ endpoint }) => endpoint));
  return providers.filter(({ endpoint }) => endpoints.has(endpoint)).map(({ id }) => id);
}
