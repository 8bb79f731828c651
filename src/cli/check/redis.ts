import { createSharedCounts } from '../../admission/shared-counts.ts';
import type { Settings } from '../../config/settings.ts';
import { systemClock as clock } from '../../conversation/clock.ts';
import type { Finding } from './finding.ts';

/** Whether Redis, where the settings name one, counts as the gateway needs it; a count of its own is all that it leaves. */
export async function checkRedis({ redis }: Settings): Promise<Finding[]> {
  if (redis === undefined) return [];
  const { connectRedis, faultOf } = await import('../../admission/redis.ts');
  let fault: unknown;
  const counts = createSharedCounts({
    connect: (onLost) => connectRedis(redis, onLost),
    hash: (_purpose, caller) => Buffer.from(caller),
    clock,
    onChange: (_state, error) => {
      fault = error;
    },
  });
  await counts.start();
  const shared = counts.state() === 'shared';
  counts.stop();
  const where = `${redis.host}:${redis.port}`;
  if (shared) return [{ name: 'redis', result: 'ok', detail: `${where} counts` }];
  const detail = `${where} does not count (${faultOf(fault)}): replicas would count visitors each by itself`;
  return [{ name: 'redis', result: 'problem', detail }];
}
