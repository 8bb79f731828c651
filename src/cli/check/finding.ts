import { StorageUnavailable } from '../../outbox/ports/storage-errors.ts';

/** What one check found. A `problem` keeps the gateway from working, a `warning` is for a person to look at. */
export type Finding = {
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
};

/**
 * Why something of the system failed: the engine's fixed words for it, or its code. Messages of the system name paths and
 * addresses, which is fine here; those of an engine may quote what is stored.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if ('errstr' in error && typeof error.errstr === 'string') return error.errstr;
  if (error instanceof StorageUnavailable && error.cause !== undefined) return reasonOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
