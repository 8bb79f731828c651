/** Codes of Node, TLS and undici. Anything else could be a text of the receiver. */
const CODE = /^[A-Za-z][A-Za-z0-9_]{1,63}$/;

/** Why a try failed, as one word for operators: an error's code, also of what caused it. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout';
  const inner = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
  const code = 'code' in error ? String(error.code) : '';
  if (CODE.test(code)) return code;
  return inner === undefined ? 'failed' : failureOf(inner);
}
