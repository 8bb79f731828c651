import { writeSync } from 'node:fs';
import { type DestinationStream, type Logger, pino } from 'pino';

/**
 * The program's logger: one JSON object a line, or readable text on a terminal in development.
 *
 * What a line may hold is decided where it is written, field by field; errors are the one thing that brings text of its
 * own, so of an error only its type, code, the engine's words for that code, and stack frames are kept. A message may quote what it choked on.
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

/** Lines that wait for a slow reader; beyond it they are dropped, since a log must never hold up a lead. */
const MOST_HELD = 1024 * 1024;
const AGAIN_AFTER_MS = 50;

/**
 * Standard output, which gets the lines of one turn of the event loop together: one system call serves many requests.
 * A reader that has gone away, a full disk behind it or a slow pipe costs lines and nothing else: the program neither waits
 * nor ends for its log. `flush` writes what is left; the program calls it on its way out.
 */
export function outputDestination(fd = 1): DestinationStream & { flush(): void } {
  let held: string[] = [];
  let unwritten = Buffer.alloc(0);
  let scheduled = false;

  const flush = (): void => {
    scheduled = false;
    const bytes = Buffer.concat([unwritten, Buffer.from(held.join(''))]);
    held = [];
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(fd, bytes, done);
      unwritten = Buffer.alloc(0);
    } catch (error) {
      const busy = (error as NodeJS.ErrnoException).code === 'EAGAIN' && bytes.length - done < MOST_HELD;
      unwritten = busy ? bytes.subarray(done) : Buffer.alloc(0);
      if (busy) schedule((run) => setTimeout(run, AGAIN_AFTER_MS).unref());
    }
  };
  const schedule = (later: (run: () => void) => unknown): void => {
    if (scheduled) return;
    scheduled = true;
    later(flush);
  };
  return {
    flush,
    write(line) {
      held.push(line);
      schedule(setImmediate);
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
    // The engine's fixed words for its code, such as "database or disk is full".
    errstr: 'errstr' in error ? error.errstr : undefined,
    message: SAFE_MESSAGES.has(error.name) ? error.message : undefined,
    frames: frames.slice(0, 12).map((line) => line.trim()),
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}

/** Errors whose messages we write ourselves and that never quote a request or a secret. */
const SAFE_MESSAGES: ReadonlySet<string> = new Set(['StorageUnavailable', 'UnusableDatabase']);
