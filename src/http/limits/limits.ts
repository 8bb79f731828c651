import rateLimit, { type FastifyRateLimitStore, type FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../../domain/refusal.ts';
import type { Partner, Rate } from '../../domain/site.ts';
import { type Counted, createLocalCounts } from '../../lib/local-counts.ts';
import type { Requester, Usage } from '../access.ts';
import type { SharedCounts } from './shared-counts.ts';

/** GET, HEAD, OPTIONS, and every request that ends in a 404 or 405. */
const READS: Rate = { max: 120, windowS: 60 };

/**
 * Health checks, and files of the button, by address: far more than orchestrators ask, and more than the pages of all visitors
 * behind one address load.
 */
const HEALTH: Rate = { max: 600, windowS: 60 };
const FILES: Rate = { max: 1_200, windowS: 60 };

/** POST requests that a requester may send for each lead that counts: refused bodies and replays are bounded, too. */
const ATTEMPTS_FACTOR = 60;

/** Counted by each process alone, so that health checks and files of the button do not depend on Redis. */
const COUNTED_LOCALLY: ReadonlySet<string> = new Set<Usage['name']>(['health', 'files']);

type Count = (request: FastifyRequest) => Promise<Usage>;

/** Each function counts one request for `request.requester` and gives what is left. */
export type Limits = {
  /** Requests without a lead, by address; those with a partner's key by partner, at the partner's rate. Test keys count apart, here and below. */
  readonly reads: Count;
  /** Health checks, by address. */
  readonly health: Count;
  /** Files of the button and the demo page, by address. */
  readonly files: Count;
  /** Every POST before its body is read, by partner or address. */
  readonly attempts: Count;
  /** Leads that are valid and passed the screening, by partner, or by site and address. */
  readonly leads: Count;
};

/**
 * Registers @fastify/rate-limit and makes the limits of the public listener with it. Without `sharedCounts` each process
 * counts alone.
 *
 * @param monotonic milliseconds that never jump
 * @param visitorRate the rate of visitors, read at each request; a partner has its own
 */
export async function createLimits(
  app: FastifyInstance,
  monotonic: () => number,
  visitorRate: () => Rate,
  sharedCounts?: SharedCounts,
): Promise<Limits> {
  // Not global: the plugin then adds no hook and so none of its own headers, which are those of an old draft.
  await app.register(rateLimit, { global: false, store: storeOf(monotonic, sharedCounts) });
  const nameOf = ({ id }: Partner, test: boolean | undefined): string => (test ? `${id} test` : id);
  const leadRate = ({ partner }: Requester): Rate => partner?.rate ?? visitorRate();

  /** @param key `<name of the limit>:<requester>`: the plugin's own `groupId` does not tell limits apart */
  function limit(
    key: (requester: Requester) => `${Usage['name']}:${string}`,
    rate: (requester: Requester) => Rate,
  ): Count {
    const count = app.createRateLimit({
      keyGenerator: ({ requester }) => key(requester),
      max: ({ requester }) => rate(requester).max,
      timeWindow: ({ requester }) => rate(requester).windowS * 1000,
    });
    return async (request) => {
      const counted = await count(request);
      if (counted.isAllowed) throw new TypeError('No requester is exempt from limits.');
      const { max, timeWindow, remaining, ttlInSeconds, isExceeded } = counted;
      const [name] = splitKey(counted.key);
      return {
        name: name as Usage['name'],
        rate: { max, windowS: timeWindow / 1000 },
        remaining,
        resetS: ttlInSeconds,
        exceeded: isExceeded,
      };
    };
  }

  return {
    reads: limit(
      ({ partner, test, address }) => (partner ? `reads:partner:${nameOf(partner, test)}` : `reads:ip:${address}`),
      ({ partner }) => partner?.rate ?? READS,
    ),
    health: limit(
      ({ address }) => `health:ip:${address}`,
      () => HEALTH,
    ),
    files: limit(
      ({ address }) => `files:ip:${address}`,
      () => FILES,
    ),
    attempts: limit(
      ({ partner, test, address }) =>
        partner ? `attempts:partner:${nameOf(partner, test)}` : `attempts:ip:${address}`,
      (requester) => {
        const { max, windowS } = leadRate(requester);
        return { max: max * ATTEMPTS_FACTOR, windowS };
      },
    ),
    leads: limit(
      ({ partner, test, site, address }) =>
        partner ? `partner:partner:${nameOf(partner, test)}` : `visitor:ip:${site?.key}:${address}`,
      leadRate,
    ),
  };
}

/**
 * The header fields that tell a requester what is left of its limit: `r` requests, `t` seconds, of a quota `q` in a window
 * `w` (draft-ietf-httpapi-ratelimit-headers-11).
 */
export function usageHeaders({ name, rate, remaining, resetS }: Usage): Record<string, string> {
  return {
    RateLimit: `"${name}";r=${remaining};t=${resetS}`,
    'RateLimit-Policy': `"${name}";q=${rate.max};w=${rate.windowS}`,
  };
}

/**
 * Has the answer report this usage.
 * @throws Refusal `rate_limited` where the limit is exceeded
 */
export function holdToLimit(requester: Requester, usage: Usage): void {
  requester.usage = usage;
  const { exceeded, rate, resetS } = usage;
  if (exceeded) {
    throw new Refusal('rate_limited', `More than ${rate.max} requests came in ${rate.windowS} seconds; wait.`, {
      retryAfterS: Math.max(1, resetS),
    });
  }
}

/** The plugin makes one store, and a child of it for each limit: each limit remembers requesters of its own. */
function storeOf(monotonic: () => number, sharedCounts: SharedCounts | undefined): FastifyRateLimitStoreCtor {
  return class Store implements FastifyRateLimitStore {
    readonly #local = createLocalCounts(monotonic);

    /** Calls `done` at once where only this process counts, so that concurrent requests each get their own count. */
    incr(key: string, done: StoreCallback, windowMs: number): void {
      // Count locally too, so that losing Redis grants no fresh quota.
      const local = this.#local.count(key, windowMs);
      const [name, requester] = splitKey(key);
      if (sharedCounts === undefined || COUNTED_LOCALLY.has(name)) done(null, resultOf(local));
      else sharedCounts.count(name, requester, windowMs).then((shared) => done(null, resultOf(shared ?? local)), done);
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

function splitKey(key: string): [name: string, requester: string] {
  const end = key.indexOf(':');
  return [key.slice(0, end), key.slice(end + 1)];
}
