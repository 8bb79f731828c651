import type { Logger } from 'pino';

/** Wraps a listener so that it never throws. */
export type Guard = <Arguments extends readonly unknown[]>(
  listener: (...args: Arguments) => void,
) => (...args: Arguments) => void;

/**
 * Creates a guard for listeners and timers. They run outside of every request's promise chain, where an exception would end
 * the process. An exception of a guarded listener is logged as `listener_fault` and affects only the event at hand.
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
