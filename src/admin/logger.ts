import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * Creates the program's logger, which writes one JSON object a line.
 *
 * The code that logs chooses each field of a line. An error is the exception: its message may quote a lead or a secret, so
 * the logger keeps only its type, code, SQLite's fixed text for that code, and stack frames.
 */
export function createLogger(options: {
  level: string;
  destination: DestinationStream;
  /** Fields of the running request or attempt, such as its trace. */
  context?: (() => object | undefined) | undefined;
}): Logger {
  const { context } = options;
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      ...(context && { mixin: () => context() ?? {} }),
    },
    options.destination,
  );
}

/** Describes an error without its message, unless the message is one of our own (`SAFE_MESSAGES`). */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    code: 'code' in error ? String(error.code) : undefined,
    // SQLite's fixed text for its code, such as "database or disk is full".
    errstr: 'errstr' in error ? error.errstr : undefined,
    message: SAFE_MESSAGES.has(error.name) ? error.message : undefined,
    frames: frames.slice(0, 12).map((line) => line.trim()),
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}

/** Errors whose messages we write ourselves and that never quote a request or a secret. */
const SAFE_MESSAGES: ReadonlySet<string> = new Set(['StorageUnavailable', 'UnusableDatabase']);
