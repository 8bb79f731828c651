/**
 * Gives the result of `work`, unless the signal fires first. The work itself continues then.
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
 * Waits `ms` milliseconds or until an event of the window, whichever comes first. The event is mostly the visitor leaving the
 * page: a call that starts at that moment is still sent, and a call that waits would be lost.
 *
 * @throws AbortError once the signal fires
 */
export function pause(ms: number, signal: AbortSignal, event: 'pagehide' | 'online' = 'pagehide'): Promise<void> {
  let end!: () => void;
  const over = new Promise<void>((resolve) => {
    const done = (): void => resolve();
    const timer = setTimeout(done, ms);
    addEventListener(event, done);
    // Even a timer of 0 ms needs a turn of the event loop, which a page that is being left does not get.
    if (ms <= 0) done();
    end = () => {
      clearTimeout(timer);
      removeEventListener(event, done);
    };
  });
  return unless(signal, over).finally(end);
}
