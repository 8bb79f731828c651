import { StorageUnavailable } from '../../domain/ports/outbox.ts';
import type { Clock } from '../../lib/clock.ts';

/**
 * The meaning of a failed statement.
 * - `conflict`: the server chose our transaction as the victim of a conflict; the same transaction can simply run again
 * - `lost`: the connection is unusable, or leads to a server that takes no writes
 * - `refused`: the written data itself is wrong, whatever else is written with it
 * - `busy`: everything else: locked for too long, too slow, disk full
 */
export type FaultKind = 'conflict' | 'lost' | 'refused' | 'busy';

/** `inDoubt`: the transaction may have been committed nevertheless. */
export class StorageFault extends StorageUnavailable {
  readonly kind: FaultKind;
  readonly inDoubt: boolean;

  constructor(kind: FaultKind, inDoubt: boolean, cause: unknown) {
    const message = inDoubt
      ? 'The connection to the storage was lost during a commit, so the outcome of the commit is not known yet.'
      : 'The storage did not answer as it should.';
    super(message, { cause });
    this.kind = kind;
    this.inDoubt = inDoubt;
  }
}

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) and severity; errors of the driver have neither. */
export function faultKindOf(error: unknown): FaultKind {
  if (!isRolledBack(error)) return 'lost';
  const { code } = error as { code: string };
  // serialization_failure, deadlock_detected
  if (code === '40001' || code === '40P01') return 'conflict';
  // Connection exceptions, operator intervention except for a cancelled statement, and a standby that was the primary.
  if (code.startsWith('08') || code.startsWith('57P') || code === '25006') return 'lost';
  // Data exceptions, broken constraints, program limits.
  if (/^(22|23|54)/.test(code)) return 'refused';
  return 'busy';
}

/** Whether the server itself reports that the statement failed and goes on: then its transaction is certainly not committed. */
export function isRolledBack(error: unknown): boolean {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && severity !== 'FATAL' && severity !== 'PANIC';
}

/** How long a write is repeated while its connection is lost, and the pause before each repetition. */
export type TimeBudget = { readonly totalMs: number; readonly pauseMs: number };

const LOST_CONNECTION: TimeBudget = { totalMs: 2_000, pauseMs: 100 };

/**
 * Runs `write`, and runs it again on another connection as long as the last one was lost. `write` has to find out by itself
 * whether an earlier run was committed.
 *
 * @param write gets whether an earlier run may have been committed
 * @throws StorageFault if the server did not come back in time; `inDoubt` if any of the runs may have been committed
 */
export async function retryLostConnection<T>(
  clock: Clock,
  write: (inDoubt: boolean) => Promise<T>,
  { totalMs, pauseMs }: TimeBudget = LOST_CONNECTION,
): Promise<T> {
  const giveUpAt = clock.monotonic() + totalMs;
  let inDoubt = false;
  for (;;) {
    try {
      return await write(inDoubt);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      inDoubt ||= error.inDoubt;
      if (error.kind !== 'lost' || clock.monotonic() + pauseMs >= giveUpAt)
        throw inDoubt === error.inDoubt ? error : new StorageFault(error.kind, inDoubt, error.cause);
      await new Promise<void>((resume) => clock.after(pauseMs, resume));
    }
  }
}

/** How long a server may take to finish a commit whose connection is lost; far less than a lease lasts. */
const COMMIT_WITHIN_MS = 30_000;

/**
 * Leases that no holder knows of, because the connection was lost while they were committed. Their leads are not attempted, and
 * the leases would run out as if they had been. Each batch marks its leases with a stamp, so that they can be released.
 */
export interface InDoubtLeases {
  /** The stamp of the leases of one batch, unlike any other. */
  stamp(): string;
  /** The leases under `stamp` may have been committed; `until` is when the last of them would run out. */
  add(stamp: string, now: number, until: number): void;
  /** Releases the leases in doubt. Called before leads are claimed; does nothing if no lease is in doubt. */
  release(now: number): Promise<void>;
}

/**
 * @param write runs a statement in a transaction of its own
 * @param owner this process's name in leases
 */
export function createInDoubtLeases(
  write: (statement: string, values: readonly unknown[]) => Promise<unknown>,
  owner: string,
): InDoubtLeases {
  const inDoubt = new Map<string, { readonly since: number; readonly until: number }>();
  let stamps = 0;
  return {
    stamp() {
      stamps += 1;
      return `${owner}/${stamps}`;
    },
    add: (stamp, now, until) => void inDoubt.set(stamp, { since: now, until }),
    async release(now) {
      if (inDoubt.size === 0) return;
      const until = Math.max(...[...inDoubt.values()].map((batch) => batch.until));
      await write(RELEASE, [now, until, [...inDoubt.keys()]]);
      for (const [stamp, { since }] of inDoubt) if (now >= since + COMMIT_WITHIN_MS) inDoubt.delete(stamp);
    },
  };
}

/** The holder before a taken over lease may have sent the lead: such a lease stays, but runs out at once. */
const RELEASE = `
  UPDATE conversations
  SET lease_owner = CASE WHEN taken_over THEN lease_owner END,
      next_at = CASE WHEN taken_over OR status = 'queued' THEN least(next_at, $1) END
  WHERE next_at <= $2 AND lease_owner = ANY ($3)`;
