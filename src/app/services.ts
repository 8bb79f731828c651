import type { Logger } from 'pino';
import type { EventCounter } from '../admin/metrics.ts';
import type { LiveSettings } from '../config/live.ts';
import type { Accounts } from '../config/providers.ts';
import type { Settings } from '../config/settings.ts';
import type { Outbox } from '../domain/ports/outbox.ts';
import type { ProviderAccount } from '../domain/provider.ts';
import { createSharedCounts, type SharedCounts } from '../http/limits/shared-counts.ts';
import type { Hashing } from '../leads/hashing.ts';
import { systemClock as clock } from '../lib/clock.ts';
import type { Disposers } from '../lib/disposers.ts';

/** The services that several parts of the running gateway share. */
export type Services = {
  readonly settings: Settings;
  readonly live: LiveSettings;
  readonly log: Logger;
  readonly version: string;
  readonly disposers: Disposers;
  readonly hashing: Hashing;
  readonly accounts: Accounts;
  readonly outbox: Outbox;
  /** The counter of events: `NO_METRICS` until the operators' listener opens and sets `current` to its metrics. */
  readonly events: { current: EventCounter };
  /** Counts rate limits for all replicas in Redis; `undefined` without Redis. */
  readonly sharedCounts: SharedCounts | undefined;
  /** Gives a hash of an account's credentials; `undefined` for an account that is no longer configured. */
  readonly credentials: (provider: string) => string | undefined;
};

/** Counts nothing: used while no operators' listener is open, so that the metrics library is not loaded. */
export const NO_METRICS: EventCounter = {
  attempt() {},
  conversation() {},
  storageFault() {},
};

/**
 * Creates the function that gives the hash of a provider account's current credentials; `undefined` for an account that is no
 * longer configured. Every attempt calls it, so each account is hashed once until the settings change.
 */
export function createCredentials(
  settings: () => Pick<Settings, 'providers'>,
  hashing: Pick<Hashing, 'credentials'>,
): (provider: string) => string | undefined {
  const hashes = new WeakMap<ProviderAccount, string>();
  return (id) => {
    const account = settings().providers.get(id);
    if (!account) return undefined;
    const known = hashes.get(account);
    if (known !== undefined) return known;
    const hash = hashing.credentials(account.providerId, account.username, account.password);
    hashes.set(account, hash);
    return hash;
  };
}

/**
 * Starts to count rate limits in Redis, if the settings name one. Resolves as soon as it is known whether Redis is reachable;
 * without it, this process counts alone.
 */
export async function startSharedCounts({
  settings: { redis },
  hashing,
  log,
  disposers,
}: Pick<Services, 'settings' | 'hashing' | 'log' | 'disposers'>): Promise<SharedCounts | undefined> {
  if (redis === undefined) return undefined;
  // Loaded on demand, because loading the Redis client slows the start.
  const { connectRedis, faultOf } = await import('../http/limits/redis.ts');
  const counts = createSharedCounts({
    connect: (onLost) => connectRedis(redis, onLost),
    hash: hashing.limit,
    clock,
    onChange(state, error) {
      if (state === 'shared')
        return log.info({ event: 'limits_shared' }, 'rate limits are counted in Redis for all replicas');
      log.warn(
        { event: 'limits_local', cause: faultOf(error) },
        'Redis is unreachable: this process counts rate limits alone',
      );
    },
  });
  disposers.add(() => counts.stop());
  await counts.start();
  return counts;
}
