import { createSharedCounts, type SharedCounts } from '../http/limits/shared-counts.ts';
import { systemClock as clock } from '../lib/clock.ts';
import type { Foundation } from './foundation.ts';

/** Counts callers in Redis, where the settings name one; resolves as soon as it is known whether Redis counts now. */
export async function startSharedCounts({
  settings: { redis },
  hashing,
  log,
  disposers,
}: Pick<Foundation, 'settings' | 'hashing' | 'log' | 'disposers'>): Promise<SharedCounts | undefined> {
  if (redis === undefined) return undefined;
  // Only where there is a Redis: what is not loaded does not slow the start.
  const { connectRedis, faultOf } = await import('../http/limits/redis.ts');
  const counts = createSharedCounts({
    connect: (onLost) => connectRedis(redis, onLost),
    hash: hashing.limit,
    clock,
    onChange(state, error) {
      if (state === 'shared') return log.info({ event: 'limits_shared' }, 'all replicas count together');
      log.warn({ event: 'limits_local', cause: faultOf(error) }, 'Redis does not count; this process counts by itself');
    },
  });
  disposers.add(() => counts.stop());
  await counts.start();
  return counts;
}
