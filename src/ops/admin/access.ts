import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { AdminProblem } from './problem.ts';

/** So many wrong tokens from one address within a minute, and it is shut out for as long again. */
const WRONG_MAX = 5;
const WINDOW_MS = 60_000;
/** Addresses that are remembered; the oldest go first, since whoever guesses comes back. */
const ADDRESSES_MAX = 10_000;

type Wrong = { readonly count: number; readonly until: number };

/** What a request's token opens. */
export type Access = 'admin' | 'metrics';

/**
 * Reads `Authorization: Bearer <token>`. Tokens are compared as SHA-256 hashes in constant time, each with every one
 * configured, so that nothing can be told from how long a refusal takes.
 *
 * @param now milliseconds since the epoch
 * @returns a function that gives what the token opens, or throws AdminProblem 401 or 429
 */
export function createAccess(
  tokens: { readonly admin: string; readonly metrics?: string },
  now: () => number,
): (request: Pick<FastifyRequest, 'ip' | 'headers'>) => Access {
  const entries = Object.entries(tokens).map(([access, token]) => ({ access: access as Access, hash: digest(token) }));
  const wrong = new Map<string, Wrong>();

  const recall = (address: string): Wrong => {
    const known = wrong.get(address);
    return known && known.until > now() ? known : { count: 0, until: now() + WINDOW_MS };
  };
  const remember = (address: string): void => {
    const { count, until } = recall(address);
    wrong.delete(address);
    const [oldest] = wrong.keys();
    if (wrong.size >= ADDRESSES_MAX && oldest !== undefined) wrong.delete(oldest);
    wrong.set(address, { count: count + 1, until: count + 1 >= WRONG_MAX ? now() + WINDOW_MS : until });
  };

  return ({ ip, headers }) => {
    const { count, until } = recall(ip);
    if (count >= WRONG_MAX) {
      const seconds = Math.ceil((until - now()) / 1_000);
      throw new AdminProblem(429, 'rate_limited', 'Too many wrong tokens from this address; wait.', {
        'retry-after': String(seconds),
      });
    }
    const token = /^Bearer +(\S{1,512})$/i.exec(headers.authorization ?? '')?.[1];
    if (token !== undefined) {
      const presented = digest(token);
      let access: Access | undefined;
      for (const entry of entries) if (timingSafeEqual(entry.hash, presented)) access = entry.access;
      if (access) return access;
      remember(ip);
    }
    throw new AdminProblem(401, 'invalid_token', 'Send "Authorization: Bearer <ADMIN_TOKEN>".', {
      'www-authenticate': 'Bearer',
    });
  };
}

function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
