import { StorageUnavailable } from '../port.ts';

/**
 * What a failed statement means.
 * - `again`: the server chose us as the victim of a conflict; the same transaction may simply be run again
 * - `lost`: the connection is of no use any more, or leads to a server that takes no writes
 * - `refused`: what was to be written is wrong in itself, whatever else was written with it
 * - `busy`: everything else: locked for too long, too slow, disk full
 */
export type FaultKind = 'again' | 'lost' | 'refused' | 'busy';

/** `doubtful`: the transaction may have been committed all the same. */
export class StorageFault extends StorageUnavailable {
  readonly kind: FaultKind;
  readonly doubtful: boolean;

  constructor(kind: FaultKind, doubtful: boolean, cause: unknown) {
    const message = doubtful
      ? 'The storage was lost during a commit: whether it stands is not known yet.'
      : 'The storage did not answer as it should.';
    super(message, { cause });
    this.kind = kind;
    this.doubtful = doubtful;
  }
}

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) and severity; errors of the driver have neither. */
export function faultKindOf(error: unknown): FaultKind {
  if (!isRolledBack(error)) return 'lost';
  const { code } = error as { code: string };
  // serialization_failure, deadlock_detected
  if (code === '40001' || code === '40P01') return 'again';
  // Connection exceptions, operator intervention but for a cancelled statement, and a standby that was the primary.
  if (code.startsWith('08') || code.startsWith('57P') || code === '25006') return 'lost';
  // Data exceptions, broken constraints, program limits.
  if (/^(22|23|54)/.test(code)) return 'refused';
  return 'busy';
}

/** Whether the server itself says that the statement failed, and goes on: nothing of its transaction will stand. */
export function isRolledBack(error: unknown): boolean {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && severity !== 'FATAL' && severity !== 'PANIC';
}
