import { StorageUnavailable } from '../../domain/ports/outbox.ts';

/** What one check found. A `problem` stops the gateway from working; a person should look at a `warning`. */
export type Finding = {
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
};

/**
 * Why something of the system failed: the engine's fixed words for it, or its code. Messages of the system name paths and
 * addresses, which may be shown here; messages of an engine may quote stored data.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if ('errstr' in error && typeof error.errstr === 'string') return error.errstr;
  if (error instanceof StorageUnavailable && error.cause !== undefined) return reasonOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
