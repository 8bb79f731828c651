import type { FastifyRequest } from 'fastify';
import type { Rate } from '../../domain/site.ts';
import type { Caller } from '../requester.ts';
import { createLocalCounts } from './local-counts.ts';
import { PATIENCE_MS, type SharedCounts } from './shared-counts.ts';

/** GET, HEAD, OPTIONS, and whatever ends in a 404 or 405. */
const READS: Rate = { max: 120, windowS: 60 };

/**
 * Health checks, and files of the button, by address: far beyond what orchestrators ask, and what the pages of all visitors
 * behind one address load. Counted by this process alone, so that neither depends on Redis.
 */
const HEALTH: Rate = { max: 600, windowS: 60 };
const FILES: Rate = { max: 1_200, windowS: 60 };

/** Requests that a caller may waste on each one that counts: refused bodies and replays are bounded, too. */
const WASTE_FACTOR = 60;

/** What is left of a limit after a request was counted. `resetS` are whole seconds until the window ends. */
export type Usage = {
  readonly name: 'reads' | 'health' | 'files' | 'attempts' | 'visitor' | 'partner';
  readonly rate: Rate;
  readonly remaining: number;
  readonly resetS: number;
  readonly exceeded: boolean;
};

export type Limits = {
  /** Everything that brings no lead, by address. */
  readonly reads: Count;
  /** Health checks, by address. */
  readonly health: Count;
  /** Files of the button and the demo page, by address. */
  readonly files: Count;
  /** Every POST before it is looked at, by partner or address. */
  readonly attempts: Count;
  /** Leads that were valid and admitted, by partner, or by site and address. */
  readonly leads: Count;
};

type Count = (request: FastifyRequest) => Promise<Usage>;

/**
 * The limits of callers: over all replicas where counts are shared, and else of this process. They count by `request.caller`.
 *
 * @param now milliseconds since the epoch
 * @param visitorRate of a visitor; a partner brings its own
 */
export function createLimits(now: () => number, visitorRate: () => Rate, shared?: SharedCounts): Limits {
  const leadRate = ({ partner }: Caller): Rate => partner?.rate ?? visitorRate();

  function counter(
    kind: Exclude<Usage['name'], 'partner'>,
    key: (caller: Caller) => string,
    rate: typeof leadRate,
    counts: 'all replicas' | 'this process' = 'all replicas',
  ): Count {
    const local = createLocalCounts(now);
    const together = counts === 'all replicas' ? shared : undefined;
    return async ({ caller }) => {
      const name = kind === 'visitor' && caller.partner ? 'partner' : kind;
      const { max, windowS } = rate(caller);
      // Counted here also while all replicas count together: who used up its limit gets no new one when that ends.
      const own = local.count(key(caller), windowS * 1000);
      caller.patience ??= { leftMs: PATIENCE_MS };
      const { count, resetMs } = (await together?.count(name, key(caller), windowS * 1000, caller.patience)) ?? own;
      return {
        name,
        rate: { max, windowS },
        remaining: Math.max(0, max - count),
        resetS: Math.ceil(resetMs / 1000),
        exceeded: count > max,
      };
    };
  }

  return {
    reads: counter('reads', byAddress, () => READS),
    health: counter('health', byAddress, () => HEALTH, 'this process'),
    files: counter('files', byAddress, () => FILES, 'this process'),
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
