import type { Clock } from '../../conversation/clock.ts';
import { StorageUnavailable } from '../port.ts';
import type { Database } from './database.ts';

/** Leases and caps are reckoned by the replicas' clocks; beyond this an operator should know. */
const WORTH_A_WARNING_MS = 2_000;
const EVERY_MS = 60_000;

export type SkewParts = {
  readonly database: Pick<Database, 'read'>;
  /** Our own. */
  readonly clock: Clock;
  /** 0 for a process that takes no leases. */
  readonly leaseMs: number;
  /** Told each time that the server's clock is found so far ahead of ours, in milliseconds. */
  readonly onSkew: (skewMs: number) => void;
};

export interface SkewWatch {
  /** Compares the clocks now. @throws StorageUnavailable when the server does not answer */
  measure(): Promise<void>;
  /** @throws StorageUnavailable when the last comparison was off by half a lease: ours may be taken over while we hold them */
  check(): void;
  stop(): void;
}

/** Compares our clock with the server's, which all replicas share, each minute. */
export function watchSkew({ database, clock, leaseMs, onSkew }: SkewParts): SkewWatch {
  let skewMs = 0;
  const measure = async (): Promise<void> => {
    const before = clock.now();
    const [row] = await database.read(SERVER_NOW);
    // Give or take half of the round trip.
    skewMs = Math.round((row?.at as number) - (before + clock.now()) / 2);
    if (Math.abs(skewMs) > WORTH_A_WARNING_MS) onSkew(skewMs);
  };
  let cancel: () => void;
  const later = (): void => {
    cancel = clock.after(EVERY_MS, () => {
      later();
      // What is away now says what the time is a minute later.
      measure().catch(() => undefined);
    });
  };
  later();
  return {
    measure,
    check() {
      if (leaseMs > 0 && Math.abs(skewMs) > Math.max(leaseMs / 2, WORTH_A_WARNING_MS))
        throw new StorageUnavailable("This machine's clock and the database server's are too far apart.");
    },
    stop: () => cancel(),
  };
}

const SERVER_NOW = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at';
