import type pg from 'pg';
import type { Timer } from './patience.ts';

const CHANNEL = 'text_connect_gateway';

/** Tells all replicas, once the transaction under way is committed, that there is something to look at. */
export const WAKE = `NOTIFY ${CHANNEL}`;

/** How soon a lost connection is replaced. */
const RECONNECT_MS = 1_000;
/** A connection that nothing comes through may be dead without anybody noticing: it is asked so often. */
const ASK_EVERY_MS = 30_000;

export interface Watch {
  stop(): Promise<void>;
}

/**
 * Calls `wake` when another process has left work, and after each time that it could not have heard of it.
 *
 * @param connect gives a client that is not connected yet
 */
export function watch(connect: () => pg.Client, wake: () => void, timer: Timer): Watch {
  let stopped = false;
  let end: () => void = () => undefined;

  const listen = async (): Promise<void> => {
    const client = connect();
    const over = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
      end = resolve;
    });
    try {
      client.on('notification', wake);
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      wake();
      for (let alive = true; alive && !stopped; ) {
        alive = await Promise.race([over.then(() => false), timer.wait(ASK_EVERY_MS).then(() => true)]);
        if (alive) await client.query({ text: 'SELECT 1', query_timeout: RECONNECT_MS } as pg.QueryConfig);
      }
    } catch {
      // Whatever it was, the next connection says whether it is over.
    } finally {
      client.removeAllListeners('notification');
      client.end().catch(() => undefined);
    }
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      await listen();
      if (!stopped)
        await Promise.race([
          timer.wait(RECONNECT_MS),
          new Promise<void>((resolve) => {
            end = resolve;
          }),
        ]);
    }
  };
  const running = run();

  return {
    async stop() {
      stopped = true;
      end();
      await running;
    },
  };
}
