import { hash, timingSafeEqual } from 'node:crypto';
import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Counted, createLocalCounts } from '../../lib/local-counts.ts';
import { AdminProblem } from './problem.ts';

/**
 * So many wrong tokens from one address within a minute, and for a minute after the last of them further ones are answered 429.
 * The right token always opens: others may share the address, and nobody guesses a token of 32 characters.
 */
const WRONG_MAX = 5;
const WINDOW_MS = 60_000;

/** What a request's token opens. */
export type Access = 'admin' | 'metrics';

/**
 * Reads `Authorization: Bearer <token>`. Tokens are compared as SHA-256 hashes in constant time, each with every one
 * configured, so that nothing can be told from how long a refusal takes.
 *
 * @param app the listener, on which @fastify/rate-limit is registered to count wrong tokens by address
 * @param monotonic milliseconds that never jump
 * @returns a function that gives what the token opens, or rejects with AdminProblem 401 or 429
 */
export async function createAccess(
  app: FastifyInstance,
  tokens: { readonly admin: string; readonly metrics?: string },
  monotonic: () => number,
): Promise<(request: FastifyRequest) => Promise<Access>> {
  const entries = Object.entries(tokens).map(([access, token]) => ({ access: access as Access, hash: digest(token) }));
  await app.register(rateLimit, { global: false, store: wrongTokenStore(monotonic) });
  const limit = app.createRateLimit({
    max: WRONG_MAX,
    timeWindow: WINDOW_MS,
    keyGenerator: ({ ip }) => `wrong-token:${ip}`,
  });

  const accessOf = (presented: Buffer): Access | undefined => {
    let found: Access | undefined;
    for (const { access, hash } of entries) if (timingSafeEqual(hash, presented)) found = access;
    return found;
  };

  /** Seconds until the address is answered again; `undefined` where it is not over the limit. */
  const waitS = async (request: FastifyRequest, guessed: boolean): Promise<number | undefined> => {
    // A request without a token is no guess and is not counted.
    const usage = await limit(request, { increment: guessed });
    if (usage.isAllowed) return undefined;
    const over = guessed ? usage.isExceeded : usage.remaining === 0;
    return over ? Math.max(1, usage.ttlInSeconds) : undefined;
  };

  return async (request) => {
    const token = /^Bearer +(\S{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
    const access = token === undefined ? undefined : accessOf(digest(token));
    if (access) return access;
    const seconds = await waitS(request, token !== undefined);
    if (seconds !== undefined) {
      throw new AdminProblem(429, 'rate_limited', 'Too many wrong tokens from this address; wait.', {
        'retry-after': String(seconds),
      });
    }
    throw new AdminProblem(401, 'invalid_token', 'Send "Authorization: Bearer <ADMIN_TOKEN>".', {
      'www-authenticate': 'Bearer',
    });
  };
}

/** Counts in this process, and begins the window anew at the last wrong token that is allowed. */
function wrongTokenStore(now: () => number) {
  return class Store implements FastifyRateLimitStore {
    readonly #counts = createLocalCounts(now, WRONG_MAX);

    incr(key: string, done: StoreCallback, windowMs: number): void {
      done(null, resultOf(this.#counts.count(key, windowMs)));
    }

    read(key: string, done: StoreCallback): void {
      done(null, resultOf(this.#counts.read(key)));
    }

    child(): Store {
      return new Store();
    }
  };
}

type StoreCallback = Parameters<FastifyRateLimitStore['incr']>[1];

function resultOf({ count, resetMs }: Counted): { current: number; ttl: number } {
  return { current: count, ttl: resetMs };
}

function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
