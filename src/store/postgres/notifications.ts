import type pg from 'pg';
import type { Clock } from '../../lib/clock.ts';

const CHANNEL = 'text_connect_gateway';

/** Wakes the workers of all replicas once the transaction under way is committed. */
export const WAKE = `NOTIFY ${CHANNEL}`;

/** The pause before a lost connection is replaced. */
const RECONNECT_MS = 1_000;
/** An idle connection may be dead without notice: how often it is probed, and how long it has to answer. */
const KEEPALIVE_EVERY_MS = 30_000;
const ANSWER_MS = 3_000;

export interface Listening {
  stop(): Promise<void>;
}

/**
 * Calls `wake` when another process has left work, and after each reconnection, since notifications may have been missed.
 *
 * @param connect gives a client that is not connected yet
 */
export function listenForWork(connect: () => pg.Client, wake: () => void, clock: Clock): Listening {
  const stopped = new AbortController();
  const { signal } = stopped;

  const listen = async (): Promise<void> => {
    const client = connect();
    const lost = new AbortController();
    client.on('error', () => lost.abort());
    client.on('end', () => lost.abort());
    client.on('notification', () => wake());
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      wake();
      for (;;) {
        await pause(clock, KEEPALIVE_EVERY_MS, [signal, lost.signal]);
        if (signal.aborted || lost.signal.aborted) return;
        await client.query({ text: 'SELECT 1', query_timeout: ANSWER_MS } as pg.QueryConfig);
      }
    } catch {
      // The next connection shows whether the fault is over.
    } finally {
      client.removeAllListeners('notification');
      client.end().catch(() => undefined);
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await listen();
      if (!signal.aborted) await pause(clock, RECONNECT_MS, [signal]);
    }
  };
  const running = run();

  return {
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

/** Resolves after `ms`, or when one of the signals is aborted. */
function pause(clock: Clock, ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => end());
    const end = (): void => {
      cancel();
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    for (const signal of signals) {
      if (signal.aborted) return end();
      signal.addEventListener('abort', end);
    }
  });
}
