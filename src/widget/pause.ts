/**
 * What comes of `work`, unless the signal fires first. The work itself goes on then.
 *
 * @throws AbortError once the signal fires
 */
export function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let stop!: () => void;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
  return Promise.race([stopped, work]).finally(() => signal.removeEventListener('abort', stop));
}

/**
 * Waits `ms` milliseconds, or until the window has an event if that comes first. Mostly that is the visitor leaving: a call
 * that is made at that moment still goes out, and one that waits would be lost.
 *
 * @throws AbortError once the signal fires
 */
export function pause(ms: number, signal: AbortSignal, event: 'pagehide' | 'online' = 'pagehide'): Promise<void> {
  let end!: () => void;
  const over = new Promise<void>((resolve) => {
    const done = (): void => resolve();
    const timer = setTimeout(done, ms);
    addEventListener(event, done);
    // A timer of none would take a turn, and a page that is being left has none.
    if (ms <= 0) done();
    end = () => {
      clearTimeout(timer);
      removeEventListener(event, done);
    };
  });
  return unless(signal, over).finally(end);
}
