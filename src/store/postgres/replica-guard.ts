import { maxClockSkewMs } from '../../domain/ports/delivery-queue.ts';
import { StorageUnavailable } from '../../domain/ports/outbox.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Row } from '../rows.ts';
import type { SealFormat } from '../vault.ts';
import type { Database } from './database.ts';
import { MIGRATIONS } from './migrations.ts';

/** Replicas compute leases and caps by their own clocks; an operator is warned of a larger difference than this. */
const WARN_FROM_MS = 2_000;
const MEASURE_EVERY_MS = 60_000;

export type SkewParts = {
  readonly database: Pick<Database, 'read'>;
  /** This machine's clock. */
  readonly clock: Clock;
  /** 0 for a process that takes no leases. */
  readonly leaseMs: number;
  /** Called each time that the server's clock is found so far ahead of ours, in milliseconds. */
  readonly onSkew: (skewMs: number) => void;
  /** Called with each measurement: the schema's row is read beside the clock, so that a process without `/readyz` learns of it. */
  readonly onSchema?: SchemaState['record'];
};

export interface SkewWatch {
  /** Compares the clocks now. @throws StorageUnavailable if the server does not answer */
  measure(): Promise<void>;
  /** @throws StorageUnavailable if the last difference was over half a lease: leases may be taken over while they are held */
  check(): void;
  stop(): void;
}

/** Compares our clock with that of the server, which all replicas share, once a minute. */
export function watchSkew({ database, clock, leaseMs, onSkew, onSchema = () => undefined }: SkewParts): SkewWatch {
  let skewMs = 0;
  const measure = async (): Promise<void> => {
    const before = clock.now();
    const [row] = await database.read(SERVER_NOW);
    onSchema(row as Row);
    // The middle of the round trip is the best guess of when the server read its clock.
    skewMs = Math.round((row?.at as number) - (before + clock.now()) / 2);
    if (Math.abs(skewMs) > WARN_FROM_MS) onSkew(skewMs);
  };
  let cancel: () => void;
  const schedule = (): void => {
    cancel = clock.after(MEASURE_EVERY_MS, () => {
      schedule();
      // A server that does not answer is measured again a minute later.
      measure().catch(() => undefined);
    });
  };
  schedule();
  return {
    measure,
    check() {
      if (leaseMs > 0 && Math.abs(skewMs) > Math.max(maxClockSkewMs(leaseMs), WARN_FROM_MS))
        throw new StorageUnavailable("This machine's clock and the database server's are too far apart.");
    },
    stop: () => cancel(),
  };
}

const SERVER_NOW = `
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at, oldest_reader, bound FROM gateway_schema`;

/** The last state of this replica in the schema's row. */
export interface SchemaState {
  /** @param row with oldest_reader and bound */
  record(row: Row): void;
  /** Whether a newer version has changed the schema so that this program must not go on. */
  outdated(): boolean;
  /** How this replica seals new values. */
  sealFormat(): SealFormat;
}

export function createSchemaState(): SchemaState {
  let row: Row = {};
  return {
    record(read) {
      row = read;
    },
    outdated: () => (row.oldest_reader as number) > MIGRATIONS.length,
    sealFormat: () => (row.bound ? 'bound' : 'former'),
  };
}

/** Refuses work that this replica must not do on the shared database. */
export interface ReplicaGuard {
  /** @throws StorageUnavailable if a newer version has changed the schema, or if the clocks are too far apart */
  check(): void;
  /**
   * The same function, which first checks. An unhealthy replica would take over leases that are still held, or remove data that
   * has not expired.
   */
  whenHealthy<Args extends unknown[], Result>(
    run: (...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result>;
}

export function createReplicaGuard(
  skew: Pick<SkewWatch, 'check'>,
  schema: Pick<SchemaState, 'outdated'>,
): ReplicaGuard {
  const check = (): void => {
    if (schema.outdated())
      throw new StorageUnavailable('A newer version has changed the database so that this version must not go on.');
    skew.check();
  };
  return {
    check,
    whenHealthy:
      (run) =>
      async (...args) => {
        check();
        return run(...args);
      },
  };
}
