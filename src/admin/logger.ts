import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { CapPressure } from '../domain/ports/lead-store.ts';
import { HOUR_MS } from '../lib/clock.ts';
import { createLocalCounts } from '../lib/local-counts.ts';
import { printable } from '../lib/text.ts';

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

/** Bytes that wait for a slow reader of the log. Beyond it lines are dropped, because a log must never delay a lead. */
const BACKLOG_MAX_BYTES = 1024 * 1024;
const RETRY_AFTER_MS = 50;

/**
 * Creates a destination that writes the lines of one turn of the event loop with a single system call. A closed pipe, a full
 * disk or a slow reader loses lines; the program neither waits for its log nor ends because of it.
 *
 * @param fd file descriptor; standard output by default
 * @returns the destination; `flush` writes at once what is buffered, and the program calls it when it exits
 */
export function outputDestination(fd = 1): DestinationStream & { flush(): void } {
  let lines: string[] = [];
  let unwritten = Buffer.alloc(0);
  let scheduled = false;

  const flush = (): void => {
    scheduled = false;
    const bytes = Buffer.concat([unwritten, Buffer.from(lines.join(''))]);
    lines = [];
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
      unwritten = Buffer.alloc(0);
    } catch (error) {
      const busy = (error as NodeJS.ErrnoException).code === 'EAGAIN' && bytes.length - written < BACKLOG_MAX_BYTES;
      unwritten = busy ? bytes.subarray(written) : Buffer.alloc(0);
      if (busy) schedule((run) => setTimeout(run, RETRY_AFTER_MS).unref());
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
      lines.push(safeLine(line));
      schedule(setImmediate);
    },
  };
}

/** A line of JSON in which nothing controls a terminal: pino escapes C0 controls only. */
function safeLine(line: string): string {
  return `${printable(line.trimEnd())}\n`;
}

/** A line of JSON whose texts have their control characters escaped once more, since their formatted form shows them as they are. */
function readableLine(line: string): string {
  const value: unknown = JSON.parse(line, (_name, part) => (typeof part === 'string' ? printable(part) : part));
  return `${JSON.stringify(value)}\n`;
}

/** Creates a destination that formats lines for a terminal; `undefined` without `pino-pretty`, a development dependency. */
export async function prettyDestination({
  colorize = true,
  destination,
}: {
  readonly colorize?: boolean;
  readonly destination?: Writable;
} = {}): Promise<DestinationStream | undefined> {
  try {
    const { default: pretty } = await import('pino-pretty');
    const stream = pretty({ colorize, translateTime: 'SYS:HH:MM:ss', sync: true, ...(destination && { destination }) });
    return { write: (line) => void stream.write(readableLine(line)) };
  } catch {
    return undefined;
  }
}

// `level` is the severity of a line, so the level of pressure is logged as `pressure`.
const MESSAGES: Readonly<Record<CapPressure['level'], string>> = {
  near: 'four fifths of a daily cap are used up',
  reached: 'a daily cap is used up: further leads are held',
  exceeded: 'a daily cap is exceeded ten times: further leads are refused',
};

/**
 * Creates the writer of log lines about caps. Each cap, level and site has one line an hour, so that a flood of leads causes no
 * flood of lines; the metric counts all of them. The line names no number: `conversation` leads an operator to the lead.
 *
 * @param now milliseconds since the epoch
 */
export function createCapLog(
  log: Logger,
  now: () => number,
): (pressure: CapPressure, site: string, conversation?: string) => void {
  const written = createLocalCounts(now);
  return ({ cap, level }, site, conversation) => {
    if (written.count(`${cap}:${level}:${site}`, HOUR_MS).count > 1) return;
    const line = { event: 'cap_pressure', cap, pressure: level, site, conversation };
    // Beyond a site's cap the leads of all its visitors wait; a number's cap concerns that number alone.
    if (cap === 'site' && level !== 'near') log.error(line, MESSAGES[level]);
    else log.warn(line, MESSAGES[level]);
  };
}
