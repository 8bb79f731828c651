import type { Logger } from 'pino';
import type { Events, RefusalStreaks } from '../admin/events.ts';
import type { Metrics } from '../admin/metrics.ts';
import type { OverloadReport } from '../admin/overload-report.ts';
import type { FindSite } from '../admin/site-news.ts';
import type { Accounts, LiveSettings } from '../config/live.ts';
import type { Settings } from '../config/settings.ts';
import type { StoredEntries } from '../config/stored.ts';
import type { Outbox } from '../domain/ports/outbox.ts';
import { createSharedCounts, type SharedCounts } from '../http/limits/shared-counts.ts';
import type { Hashing } from '../leads/hashing.ts';
import type { Clock } from '../lib/clock.ts';
import type { Monitor } from '../outgoing/monitor.ts';
import type { Tracing } from '../telemetry/tracing.ts';

/** The services that several parts of the running gateway share. */
export type Services = {
  readonly settings: Settings;
  readonly live: LiveSettings;
  /** The sites, partners and accounts that are kept in the store. */
  readonly stored: StoredEntries;
  readonly log: Logger;
  readonly version: string;
  readonly disposers: Disposers;
  /** The time of everything but the limits of sockets and of the database driver. */
  readonly clock: Clock;
  readonly hashing: Hashing;
  readonly accounts: Accounts;
  readonly outbox: Outbox;
  /** The metrics that the operators' listener shows; `undefined` without that listener. */
  readonly metrics: Metrics | undefined;
  /** Is told of what happens: counts it, sends callbacks and wakes the monitor. */
  readonly events: Events;
  /** Is told of events that operators may have to be told of. */
  readonly monitor: Monitor;
  /** The leads of each account that the provider refused in a row. */
  readonly streaks: RefusalStreaks;
  /** Tells operators of requests that this process refuses. */
  readonly overload: OverloadReport;
  /** A site of the configuration file or of the store. */
  readonly findSite: FindSite;
  /** The settings that were refused last; `undefined` while the files are valid. */
  readonly refused: () => RefusedSettings | undefined;
  /** When the settings in use were read (milliseconds since the epoch), and what of those on disk needs a restart. */
  readonly loaded: () => { readonly at: number; readonly needsRestart: readonly string[] };
  /** Counts rate limits for all replicas in Redis; `undefined` without Redis. */
  readonly sharedCounts: WatchedCounts | undefined;
  /** Adds spans to requests, writes and calls; `undefined` without a collector. */
  readonly tracing: Tracing | undefined;
};

/** `localSince`: since when this process counts alone. */
export type WatchedCounts = SharedCounts & { readonly localSince: () => number | undefined };

/** New settings that were read and refused: since when (milliseconds since the epoch), and what is wrong with them. */
export type RefusedSettings = {
  readonly since: number;
  readonly mistakes: number;
  /** The first mistakes, a line each. */
  readonly problems: readonly string[];
};

/**
 * Starts to count rate limits in Redis, if the settings name one. Resolves as soon as it is known whether Redis is reachable;
 * without it, this process counts alone.
 */
export async function startSharedCounts({
  settings: { redis },
  hashing,
  log,
  disposers,
  clock,
}: Pick<Services, 'settings' | 'hashing' | 'log' | 'disposers' | 'clock'>): Promise<WatchedCounts | undefined> {
  if (redis === undefined) return undefined;
  // Loaded on demand, because loading the Redis client slows the start.
  const { connectRedis, faultOf } = await import('../http/limits/redis.ts');
  let localSince: number | undefined;
  const counts = createSharedCounts({
    connect: (onLost) => connectRedis(redis, onLost),
    hash: hashing.limit,
    clock,
    onChange(state, error) {
      localSince = state === 'local' ? clock.now() : undefined;
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
  return { ...counts, localSince: () => localSince };
}

/** The parts of a program that have been opened, and how to dispose of each in the reverse order. */
export type Disposers = {
  /** Registers how to dispose of a part that was just opened. */
  add(dispose: () => Promise<void> | void): void;
  /** Disposes of every part once. A part that fails goes to `onFault`, and the others are still disposed of. */
  dispose(): Promise<void>;
};

export function createDisposers(onFault: (error: unknown) => void): Disposers {
  const opened: (() => Promise<void> | void)[] = [];
  return {
    add: (dispose) => void opened.push(dispose),
    async dispose() {
      for (let next = opened.pop(); next; next = opened.pop()) {
        try {
          await next();
        } catch (error) {
          onFault(error);
        }
      }
    },
  };
}
