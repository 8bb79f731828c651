import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { DestinationStream } from 'pino';
import { printable } from '../lib/text.ts';

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
