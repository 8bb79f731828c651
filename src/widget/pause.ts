/**
 * Resolves after `ms` milliseconds.
 *
 * @throws AbortError once the signal fires
 */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return until(signal, (done) => {
    const timer = setTimeout(done, ms);
    return () => clearTimeout(timer);
  });
}

/**
 * Resolves as soon as the browser believes that it is online.
 *
 * @throws AbortError once the signal fires
 */
export function online(signal: AbortSignal): Promise<void> {
  return until(signal, (done) => {
    if (navigator.onLine) done();
    addEventListener('online', done);
    return () => removeEventListener('online', done);
  });
}

/** @param start begins to wait, and gives what ends that */
function until(signal: AbortSignal, start: (done: () => void) => () => void): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => {
      end();
      reject(signal.reason);
    };
    const end = start(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop);
  });
}
