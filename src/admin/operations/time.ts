import { OperationError } from './error.ts';

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * A point in time as an operator writes it: a UTC date (`2026-11-24`), a time with its zone (`2026-11-24T09:00Z`), or how
 * long ago (`90m`, `24h`, `7d`).
 *
 * @param name of the option or field, for the message
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch
 * @throws OperationError `invalid`
 */
export function readTime(name: string, text: string, now: number): number {
  const ago = /^(\d{1,5})([mhd])$/.exec(text);
  const time = ago
    ? now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0)
    : DATE.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (Number.isNaN(time)) {
    throw new OperationError('invalid', `${name}: use 2026-11-24, 2026-11-24T09:00Z, or how long ago: 90m, 24h, 7d`);
  }
  return time;
}

/** A time as everything prints it: ISO 8601 in UTC. */
export function isoTime(time: number): string {
  return new Date(time).toISOString();
}
