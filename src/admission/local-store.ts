import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';

/** Callers remembered for each limit. The plugin's own 5,000 let 5,001 new addresses push an offender out. */
const REMEMBERED = 100_000;

type Entry = { count: number; endsAt: number };

/**
 * Counts callers in this process, each in a window from its first request. It stands in for the plugin's own store, which
 * gives its entries themselves: of requests that come at once each would read the count of the last one, so that a burst of
 * one more than the limit was refused whole.
 */
class LocalStore implements FastifyRateLimitStore {
  // A map's order is that of writing, and each count is written anew at its end: what comes first was not seen for longest.
  readonly #entries = new Map<string, Entry>();
  // One walk for all, since each new one would step over every key that was ever removed.
  readonly #oldest = this.#entries.keys();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  incr(key: string, done: (error: null, result: { current: number; ttl: number }) => void, windowMs: number): void {
    const now = this.#now();
    const known = this.#entries.get(key);
    const entry = known !== undefined && known.endsAt > now ? known : { count: 0, endsAt: now + windowMs };
    entry.count += 1;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size > REMEMBERED) this.#entries.delete(this.#oldest.next().value ?? '');
    done(null, { current: entry.count, ttl: entry.endsAt - now });
  }

  child(): LocalStore {
    return new LocalStore(this.#now);
  }
}

/** The store for the plugin to make, by a clock in milliseconds since the epoch. */
export function localStore(now: () => number): FastifyRateLimitStoreCtor {
  return class extends LocalStore {
    constructor() {
      super(now);
    }
  };
}
