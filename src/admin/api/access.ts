import { hash, timingSafeEqual } from 'node:crypto';
import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ADMIN_NAME, type Operator } from '../../domain/operator.ts';
import { type Counted, createLocalCounts } from '../../lib/local-counts.ts';
import { AdminProblem } from './problem.ts';
import type { Principal } from './roles.ts';

/**
 * So many wrong tokens from one address within a minute, and for a minute after the last of them further ones are answered 429.
 * The right token is always accepted: several people may share the address, and a token of 32 characters cannot be guessed.
 */
const WRONG_MAX = 5;
const WINDOW_MS = 60_000;
const CHALLENGE = { 'www-authenticate': 'Bearer' };

/** The tokens that open the listener. */
export type Tokens = {
  /** `ADMIN_TOKEN`. */
  readonly admin: string;
  /** `METRICS_TOKEN`. */
  readonly metrics?: string;
  /** The operators of the configuration file, which may change while the program runs. */
  readonly operators?: () => Iterable<Operator>;
};

type Entry = { readonly principal: Principal; readonly hash: Buffer; readonly expiresAt?: number };

export type Access = {
  /** Gives who sent a request, by its `Authorization` header. Rejects with AdminProblem 401 or 429. */
  readonly check: (request: FastifyRequest) => Promise<Principal>;
  /** Gives the owner of a token, with a text that identifies the token. Rejects as `check` does. */
  readonly logIn: (request: FastifyRequest, token: string) => Promise<{ principal: Principal; token: string }>;
  /** Gives the operator of a name if the token that the text identifies is still valid. */
  readonly resume: (name: string, token: string) => Principal | undefined;
};

/**
 * Reads `Authorization: Bearer <token>`. Tokens are compared as SHA-256 hashes in constant time, each with every one
 * configured, so that nothing can be told from how long a refusal takes.
 *
 * @param app the listener, on which @fastify/rate-limit is registered to count wrong tokens by address
 * @param monotonic milliseconds that never jump
 * @param now milliseconds since the epoch, for the expiry of tokens
 */
export async function createAccess(
  app: FastifyInstance,
  { admin, metrics, operators = () => [] }: Tokens,
  monotonic: () => number,
  now: () => number = Date.now,
): Promise<Access> {
  const fixed: Entry[] = [{ principal: { name: ADMIN_NAME, role: 'admin' }, hash: digest(admin) }];
  if (metrics !== undefined) fixed.push({ principal: { name: 'metrics', role: 'metrics' }, hash: digest(metrics) });
  await app.register(rateLimit, { global: false, store: wrongTokenStore(monotonic) });
  const limit = app.createRateLimit({
    max: WRONG_MAX,
    timeWindow: WINDOW_MS,
    keyGenerator: ({ ip }) => `wrong-token:${ip}`,
  });

  const entryOf = (presented: Buffer): Entry | undefined => {
    let found: Entry | undefined;
    for (const operator of operators()) if (timingSafeEqual(operator.tokenHash, presented)) found = toEntry(operator);
    for (const entry of fixed) if (timingSafeEqual(entry.hash, presented)) found = entry;
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

  const isValid = ({ expiresAt = Number.POSITIVE_INFINITY }: Entry): boolean => expiresAt > now();

  const check = async (request: FastifyRequest, token: string | undefined): Promise<Entry> => {
    const entry = token === undefined ? undefined : entryOf(digest(token));
    if (entry && isValid(entry)) return entry;
    // The sender of an expired token did not guess it, so it does not count as wrong.
    if (entry) {
      const detail = `The token of ${entry.principal.name} has expired; make another with keys new --operator.`;
      throw new AdminProblem(401, 'token_expired', detail, CHALLENGE);
    }
    const seconds = await waitS(request, token !== undefined);
    if (seconds !== undefined) {
      throw new AdminProblem(429, 'rate_limited', 'Too many wrong tokens from this address; wait.', {
        'retry-after': String(seconds),
      });
    }
    throw new AdminProblem(
      401,
      'invalid_token',
      'Send "Authorization: Bearer <token>", of ADMIN_TOKEN or an operator.',
      CHALLENGE,
    );
  };

  return {
    async check(request) {
      const token = /^Bearer +(\S{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
      return (await check(request, token)).principal;
    },
    async logIn(request, token) {
      const { principal, hash } = await check(request, token.trim().slice(0, 512));
      return { principal, token: identityOf(hash) };
    },
    resume(name, token) {
      const entries = [...fixed, ...[...operators()].map(toEntry)];
      return entries.find(
        (entry) => entry.principal.name === name && identityOf(entry.hash) === token && isValid(entry),
      )?.principal;
    },
  };
}

function toEntry({ name, role, tokenHash, expiresAt }: Operator): Entry {
  return { principal: { name, role }, hash: tokenHash, ...(expiresAt !== undefined && { expiresAt }) };
}

/** Identifies a token in a signed session. A part of its hash is enough, and no token can be made from it. */
function identityOf(hash: Buffer): string {
  return hash.toString('base64url').slice(0, 22);
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
