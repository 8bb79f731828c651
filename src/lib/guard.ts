import type { Logger } from 'pino';

/** Gives a listener of the same shape that never throws. */
export type Guard = <Arguments extends readonly unknown[]>(
  listener: (...args: Arguments) => void,
) => (...args: Arguments) => void;

/**
 * Guards listeners and timers: they run outside of every request's promise chain, where an exception would end the process.
 * What one throws is logged as `listener_fault` and costs its own event alone.
 */
export function createGuard(logger: Pick<Logger, 'error'>): Guard {
  return (listener) =>
    (...args) => {
      try {
        listener(...args);
      } catch (err) {
        logger.error({ event: 'listener_fault', err }, 'listener fault');
      }
    };
}
