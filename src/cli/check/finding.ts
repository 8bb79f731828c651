import { StorageUnavailable } from '../../domain/ports/outbox.ts';

/** The result of one check. With a `problem` the gateway does not work; an operator should read a `warning`. */
export type Finding = {
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
};

/**
 * Describes why a system call or a database failed: SQLite's fixed text, or the error's code. Messages of the system name paths
 * and addresses, which may be shown here. Messages of a database may quote stored data, so they are not shown.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if ('errstr' in error && typeof error.errstr === 'string') return error.errstr;
  if (error instanceof StorageUnavailable && error.cause !== undefined) return reasonOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
