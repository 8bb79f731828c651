/** What one check found. A `problem` keeps the gateway from working, a `warning` is for a person to look at. */
export type Finding = {
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
};

/** Why something of the system failed, by its code; messages of the system name paths and addresses, which is fine here. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
