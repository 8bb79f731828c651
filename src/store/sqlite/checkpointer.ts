import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Identity } from './identity.ts';

/** Frames (pages) of the log that are not copied yet when a checkpoint starts: 16 MiB, so that a page that many leads touch is copied once for all of them. */
const START_AT = 4_000;
/** So few frames are copied quickly enough by the caller itself. */
const FEW = 50;
/** How often the log is looked at. */
const LOOK_EVERY_MS = 100;

/**
 * Copies the write-ahead log into the database file in a thread of its own. On the event loop a checkpoint of 16 MiB would stop
 * all requests for up to 0.3 s. The thread starts with the first checkpoint, so that commands and small stores have none. If it
 * cannot work, the connection that writes makes the checkpoint itself, at four times that size (`open.ts`).
 */
export interface Checkpointer {
  /** Starts a checkpoint if the log has grown enough. Called after each commit; it never waits. */
  afterCommit(): void;
  /** Resolves when all but a few frames that the log holds now are copied, as far as its readers allow. */
  copy(): Promise<void>;
  close(): Promise<void>;
}

/** @param monotonic milliseconds of a clock that never goes back */
export function createCheckpointer(
  path: string,
  identity: Pick<Identity, 'uncopiedFrames'>,
  monotonic: () => number,
): Checkpointer {
  let worker: Worker | undefined;
  let running: Promise<void> | undefined;
  let lookAt = 0;

  const start = (): Worker => {
    const started = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData: path });
    started.unref();
    started.once('error', () => undefined);
    started.once('exit', () => {
      if (worker === started) worker = undefined;
    });
    return started;
  };
  const checkpoint = async (): Promise<void> => {
    worker ??= start();
    const working = worker;
    working.ref();
    working.postMessage('copy');
    await Promise.race([once(working, 'message'), once(working, 'exit')]).catch(() => undefined);
    working.unref();
    running = undefined;
  };

  return {
    afterCommit() {
      if (running || monotonic() < lookAt) return;
      lookAt = monotonic() + LOOK_EVERY_MS;
      if (identity.uncopiedFrames() >= START_AT) running = checkpoint();
    },
    async copy() {
      await running;
      if (identity.uncopiedFrames() < FEW) return;
      running ??= checkpoint();
      await running;
    },
    async close() {
      const ending = worker;
      if (!ending) return;
      const ended = once(ending, 'exit').catch(() => undefined);
      ending.ref();
      ending.postMessage(null);
      await ended;
    },
  };
}
