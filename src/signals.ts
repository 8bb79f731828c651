import closeWithGrace from 'close-with-grace';

/**
 * Ctrl-C in a terminal and systemd signal every process, and npm passes on what it got itself: under `npm start` one request to
 * stop arrives twice, a few milliseconds apart. A repeat after this time is a person who does not want to wait.
 */
const SAME_REQUEST_MS = 1_000;
const CHECK_NPM_EVERY_MS = 500;

/** Why the process stops: a signal, an uncaught error, or the end of the npm that started it. */
export type StopReason = { readonly signal?: string; readonly err?: unknown; readonly npmEnded?: true };

/**
 * Calls `stop` once, on SIGTERM, SIGINT, an uncaught error or the end of `npm start`, and ends the process when that has
 * resolved: with 0, or with 1 after an error, after `graceMs`, or when a person asks again.
 *
 * npm passes SIGTERM and SIGINT on and waits. Any other signal, such as the SIGHUP of a closed terminal, ends npm alone.
 */
export function stopOnSignal(graceMs: number, stop: (reason: StopReason) => Promise<void>): void {
  let requestedAt: number | undefined;
  let requested: StopReason = {};
  const { close } = closeWithGrace(
    { delay: graceMs, logger: false, skip: ['SIGHUP', 'SIGINT', 'SIGTERM'] },
    ({ err, signal }) => {
      requestedAt ??= performance.now();
      return stop({ ...requested, ...(signal && { signal }), ...(err && { err }) });
    },
  );
  const request = (reason: StopReason): void => {
    if (requestedAt === undefined) {
      requested = reason;
      requestedAt = performance.now();
      void close();
    } else if (performance.now() - requestedAt > SAME_REQUEST_MS) process.exit(1);
  };
  process.on('SIGINT', (signal) => request({ signal }));
  process.on('SIGTERM', (signal) => request({ signal }));
  if (process.env.npm_lifecycle_event === 'start') whenParentEnds(() => request({ npmEnded: true }));
}

/** A process whose parent has ended gets another one, and no event says so. On Windows it keeps the number of the old one. */
function whenParentEnds(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, CHECK_NPM_EVERY_MS).unref();
}
