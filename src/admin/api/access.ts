import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { AdminProblem } from './problem.ts';

/** So many wrong tokens from one address within a minute, and further ones are no longer answered as such for as long again. The right
 *  one always opens: others may share the address, and a token of 32 characters is not guessed. */
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

  const accessOf = (presented: Buffer): Access | undefined => {
    let found: Access | undefined;
    for (const { access, hash } of entries) if (timingSafeEqual(hash, presented)) found = access;
    return found;
  };

  return ({ ip, headers }) => {
    const token = /^Bearer +(\S{1,512})$/i.exec(headers.authorization ?? '')?.[1];
    const access = token === undefined ? undefined : accessOf(digest(token));
    if (access) return access;
    const { count, until } = recall(ip);
    if (count >= WRONG_MAX) {
      const seconds = Math.ceil((until - now()) / 1_000);
      throw new AdminProblem(429, 'rate_limited', 'Too many wrong tokens from this address; wait.', {
        'retry-after': String(seconds),
      });
    }
    if (token !== undefined) remember(ip);
    throw new AdminProblem(401, 'invalid_token', 'Send "Authorization: Bearer <ADMIN_TOKEN>".', {
      'www-authenticate': 'Bearer',
    });
  };
}

function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
