import type { RateLimitOptions } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Rate } from '../config/settings.ts';
import type { Caller } from './caller.ts';
import { PATIENCE_MS, type SharedCounts } from './shared-counts.ts';

/** GET, HEAD, OPTIONS, and whatever ends in a 404 or 405. */
const READS: Rate = { max: 120, windowS: 60 };

/** Requests that a caller may waste on each one that counts: refused bodies and replays are bounded, too. */
const WASTE_FACTOR = 60;

/** What is left of a limit after a request was counted. `resetS` are whole seconds until the window ends. */
export type Usage = {
  readonly name: 'reads' | 'attempts' | 'visitor' | 'partner';
  readonly rate: Rate;
  readonly remaining: number;
  readonly resetS: number;
  readonly exceeded: boolean;
};

export type Limits = {
  /** Everything that brings no lead, by address. */
  readonly reads: Count;
  /** Every POST before it is looked at, by partner or address. */
  readonly attempts: Count;
  /** Leads that were valid and admitted, by partner, or by site and address. */
  readonly leads: Count;
};

type Count = (request: FastifyRequest) => Promise<Usage>;

/**
 * The limits of callers: over all replicas where counts are shared, and else of this process. They count by `request.caller`.
 *
 * @param createRateLimit of @fastify/rate-limit with a `LocalStore`; each limiter that it gives has one of its own
 * @param visitorRate of a visitor; a partner brings its own
 */
export function createLimits(
  createRateLimit: FastifyInstance['createRateLimit'],
  visitorRate: () => Rate,
  shared?: SharedCounts,
): Limits {
  const leadRate = ({ partner }: Caller): Rate => partner?.rate ?? visitorRate();

  function counter(
    kind: Exclude<Usage['name'], 'partner'>,
    key: (caller: Caller) => string,
    rate: typeof leadRate,
  ): Count {
    const options: RateLimitOptions = {
      keyGenerator: (request) => key(request.caller),
      max: (request: FastifyRequest) => rate(request.caller).max,
      timeWindow: (request: FastifyRequest) => rate(request.caller).windowS * 1000,
    };
    const count = createRateLimit(options);
    return async (request) => {
      const { caller } = request;
      // Counted here also while all replicas count together: who used up its limit gets no new one when that ends.
      const own = await count(request);
      if (own.isAllowed) throw new Error('A limiter without an allow-list let a request pass uncounted.');
      const name = kind === 'visitor' && caller.partner ? 'partner' : kind;
      const { max, windowS } = rate(caller);
      caller.patience ??= { leftMs: PATIENCE_MS };
      const counted = await shared?.count(name, key(caller), windowS * 1000, caller.patience);
      return {
        name,
        rate: { max, windowS },
        remaining: counted ? Math.max(0, max - counted.count) : own.remaining,
        resetS: counted ? Math.ceil(counted.resetMs / 1000) : own.ttlInSeconds,
        exceeded: counted ? counted.count > max : own.isExceeded,
      };
    };
  }

  return {
    reads: counter('reads', byAddress, () => READS),
    attempts: counter(
      'attempts',
      (caller) => byPartner(caller) ?? byAddress(caller),
      (caller) => {
        const { max, windowS } = leadRate(caller);
        return { max: max * WASTE_FACTOR, windowS };
      },
    ),
    leads: counter('visitor', (caller) => byPartner(caller) ?? bySiteAndAddress(caller), leadRate),
  };
}

function byAddress({ address }: Caller): string {
  return `ip:${address}`;
}

function byPartner({ partner }: Caller): string | undefined {
  return partner && `partner:${partner.id}`;
}

function bySiteAndAddress({ site, address }: Caller): string {
  return `ip:${site?.key}:${address}`;
}
