import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * The program's logger: one JSON object a line, or readable text on a terminal in development.
 *
 * What a line may hold is decided where it is written, field by field; errors are the one thing that brings text of its
 * own, so of an error only its type, code and stack frames are kept. A message may quote what it choked on.
 */
export function createLogger(options: { level: string; destination: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    options.destination,
  );
}

/** Bytes after which lines are written even within one turn of the event loop. */
const LINES_HELD = 8 * 1024;

/**
 * Standard output, which gets the lines of one turn of the event loop together: one system call serves many requests.
 * `flush` writes what is left; the program calls it on its way out.
 */
export function outputDestination(): DestinationStream & { flush(): void } {
  // What is held has to fit into one write, whose own default is 16 KiB.
  const output = pino.destination({ fd: 1, sync: true, minLength: LINES_HELD, maxWrite: 2 * LINES_HELD });
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    output.flushSync();
  };
  return {
    flush,
    write(line) {
      output.write(line);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
  };
}

/** Text for people, when `pino-pretty` is there: it is a development dependency and not in the image. */
export async function prettyDestination(): Promise<DestinationStream | undefined> {
  try {
    const { default: pretty } = await import('pino-pretty');
    return pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss', sync: true });
  } catch {
    return undefined;
  }
}

/** An error without its message, except where the message is our own sentence (see `Safe`). */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    code: 'code' in error ? String(error.code) : undefined,
    message: SAFE_MESSAGES.has(error.name) ? error.message : undefined,
    frames: frames.slice(0, 12).map((line) => line.trim()),
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}

/** Errors whose messages we write ourselves and that never quote a request or a secret. */
const SAFE_MESSAGES: ReadonlySet<string> = new Set(['StorageUnavailable', 'UnusableDatabase']);
