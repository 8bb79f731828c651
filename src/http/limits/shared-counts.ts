import { type Clock, within } from '../../lib/clock.ts';
import type { Counted } from '../../lib/local-counts.ts';

/** An open connection to a server that counts for all replicas. */
export type CountingServer = {
  /** Counts one more under `key`, whose window of `windowMs` begins with its first. */
  count(key: string, windowMs: number): Promise<Counted>;
  close(): void;
};

export type SharedCounts = {
  /**
   * Counts one more request of this requester for all replicas, and waits `COUNT_WAIT_MS` at most. Gives `undefined` where
   * no server is connected or no answer came in time: then the count of this process has to do.
   *
   * @param purpose which limit is meant; the same requester is counted apart for each purpose
   */
  count(purpose: string, requester: string, windowMs: number): Promise<Counted | undefined>;
  state(): CountsState;
  /** Resolves when it is known whether the server counts; from then on it is looked after. */
  start(): Promise<void>;
  stop(): void;
};

/** `shared`: the server counts for all. `local`: it cannot be asked now, and each process counts by itself. */
export type CountsState = 'shared' | 'local';

type Parts = {
  /** Opens a connection, or rejects; `onLost` is called when it breaks later. Both are bounded by the adapter. */
  readonly connect: (onLost: (error: unknown) => void) => Promise<CountingServer>;
  /** Gives the name of a requester on the server. It is a keyed hash, because other programs may read the server. */
  readonly hash: (purpose: string, requester: string) => Buffer;
  readonly clock: Clock;
  /** Told of each change, and of the first state. */
  readonly onChange: (state: CountsState, error?: unknown) => void;
};

/**
 * Longest wait for one count, in milliseconds. A lead is counted twice on its way in, so both waits together stay below the
 * 350 ms that a request may lose to a Redis that does not answer. A server that needs longer is not used.
 */
export const COUNT_WAIT_MS = 150;

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
/** A server that fails sooner than this after it came back is left alone for longer. */
const STEADY_MS = 60_000;

const PREFIX = 'tcg:limit';
const PROBE = `${PREFIX}:probe`;

class NoAnswer extends Error {
  readonly code = 'no_answer';
}

/**
 * Counts on a server that may go away, so that no request pays for its absence twice: with the first fault the connection
 * is closed and no later request asks. In the background new connections are tried, after a second at first and every ten at last,
 * and is used once it has counted.
 */
export function createSharedCounts({ connect, hash, clock, onChange }: Parts): SharedCounts {
  let server: CountingServer | undefined;
  let sharedSince = 0;
  let pauseMs = FIRST_PAUSE_MS;
  let told: CountsState | undefined;
  let cancel = (): void => {};
  let stopped = false;

  function tell(state: CountsState, error?: unknown): void {
    if (told === state || stopped) return;
    told = state;
    onChange(state, error);
  }

  function lose(lost: CountingServer | undefined, error: unknown): void {
    if (lost === undefined || lost !== server) return;
    server = undefined;
    lost.close();
    if (clock.now() - sharedSince >= STEADY_MS) pauseMs = FIRST_PAUSE_MS;
    tell('local', error);
    lookLater();
  }

  function lookLater(): void {
    if (stopped) return;
    cancel = clock.after(pauseMs, () => void look());
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  async function look(): Promise<void> {
    let found: CountingServer | undefined;
    try {
      found = await connect((error) => lose(found, error));
      // It has to count and not only to answer: one that is full or read-only does the second all the same.
      await answered(found.count(PROBE, COUNT_WAIT_MS));
      if (stopped) return found.close();
      server = found;
      sharedSince = clock.now();
      tell('shared');
    } catch (error) {
      found?.close();
      tell('local', error);
      lookLater();
    }
  }

  async function answered(answer: Promise<Counted>): Promise<Counted> {
    // After a turn that took too long, timers run before the answers that lie ready are read: so one turn more.
    const counted = (await within(clock, COUNT_WAIT_MS, answer)) ?? (await Promise.race([answer, nextTurn()]));
    if (counted === undefined) throw new NoAnswer();
    return counted;
  }

  return {
    async count(purpose, requester, windowMs) {
      const asked = server;
      if (asked === undefined) return undefined;
      const key = `${PREFIX}:${purpose}:${hash(purpose, requester).toString('base64url')}`;
      try {
        return await answered(asked.count(key, windowMs));
      } catch (error) {
        lose(asked, error);
        return undefined;
      }
    },
    state: () => (server === undefined ? 'local' : 'shared'),
    start: look,
    stop() {
      stopped = true;
      cancel();
      server?.close();
      server = undefined;
    },
  };
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)));
}
