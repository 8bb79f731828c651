import closeWithGrace from 'close-with-grace';

/**
 * A terminal (Ctrl-C) and systemd signal every process of the group, and npm forwards the signal that it received. Under
 * `npm start` one request to stop therefore arrives twice, some milliseconds apart. A second signal after this time is a new
 * request and ends the process at once.
 */
const SAME_REQUEST_MS = 1_000;
const PARENT_CHECK_MS = 500;

/** Why the process stops: a signal, an uncaught error, or the end of the npm that started it. */
export type StopReason = { readonly signal?: string; readonly err?: unknown; readonly npmEnded?: true };

/**
 * Calls `stop` once, on SIGTERM, SIGINT, an uncaught error or the end of `npm start`. When `stop` has resolved the process
 * exits with 0. It exits with 1 after an error, after `graceMs` milliseconds, or on a second signal.
 *
 * npm forwards SIGTERM and SIGINT and waits. Any other signal, such as the SIGHUP of a closed terminal, ends npm only.
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

/** Polls the parent's process id, because no event reports the end of a parent. On Windows the id never changes. */
function whenParentEnds(callback: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, PARENT_CHECK_MS).unref();
}
