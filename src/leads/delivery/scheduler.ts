/** Starts attempts of up to `limit` due leads of a provider; gives how many it started. */
export type StartUpTo = (provider: string, limit: number) => Promise<number>;

/**
 * A fair scheduler of background attempts among provider accounts. Accounts take turns, and no account holds more than its
 * share of the concurrent attempts while others have due leads, so that a slow provider delays only its own leads.
 */
export interface FairScheduler {
  /** The accounts in the order of their turns: the one that was served least recently comes first. */
  inTurn(providers: readonly string[]): readonly string[];
  /**
   * Starts up to `limit` attempts for these accounts, each within its share. Capacity that an account does not need goes to
   * the others. Gives how many attempts it started. Rejects if `startUpTo` rejects for an account, after all have answered.
   */
  allocate(providers: readonly string[], limit: number, startUpTo: StartUpTo): Promise<number>;
  /** Notes that an attempt of the account starts, which is the account's turn. */
  started(provider: string): void;
  ended(provider: string): void;
  /** How many attempts are under way. */
  running(): number;
}

/** @param concurrency background attempts at a time, over all accounts */
export function createFairScheduler(concurrency: number): FairScheduler {
  const running = new Map<string, number>();
  const served = new Map<string, number>();
  let turn = 0;

  const inTurn = (providers: readonly string[]): readonly string[] =>
    [...providers].sort((a, b) => (served.get(a) ?? 0) - (served.get(b) ?? 0));

  return {
    inTurn,
    async allocate(providers, limit, startUpTo) {
      let started = 0;
      const share = Math.max(1, Math.floor(concurrency / Math.max(1, providers.length)));
      let candidates = inTurn(providers);
      for (const most of [share, concurrency]) {
        for (;;) {
          const quotas = distribute(
            limit - started,
            candidates.map((name) => most - (running.get(name) ?? 0)),
          );
          if (quotas.every((quota) => quota === 0)) break;
          const counts = await allSettled(candidates.map((name, at) => (quotas[at] ? startUpTo(name, quotas[at]) : 0)));
          started += counts.reduce((sum, n) => sum + n, 0);
          // An account that started fewer attempts than its quota has no more due leads.
          candidates = candidates.filter((_, at) => counts[at] === quotas[at]);
        }
      }
      return started;
    },
    started(provider) {
      turn += 1;
      served.set(provider, turn);
      running.set(provider, (running.get(provider) ?? 0) + 1);
    },
    ended(provider) {
      running.set(provider, (running.get(provider) ?? 0) - 1);
    },
    running: () => [...running.values()].reduce((sum, n) => sum + n, 0),
  };
}

/** Divides `total` into whole parts as evenly as the capacities allow; the first parts get the remainder. */
export function distribute(total: number, capacities: readonly number[]): readonly number[] {
  const parts = capacities.map(() => 0);
  let left = Math.max(0, total);
  for (;;) {
    const open = [...capacities.keys()].filter((at) => (parts[at] as number) < (capacities[at] as number));
    if (left === 0 || open.length === 0) return parts;
    const each = Math.floor(left / open.length);
    for (const at of each === 0 ? open.slice(0, left) : open) {
      const more = Math.min(Math.max(1, each), (capacities[at] as number) - (parts[at] as number));
      parts[at] = (parts[at] as number) + more;
      left -= more;
    }
  }
}

/** As `Promise.all`, but it rejects only after every promise has settled. */
async function allSettled(counts: readonly (number | Promise<number>)[]): Promise<readonly number[]> {
  await Promise.allSettled(counts);
  return Promise.all(counts);
}

/** A token bucket that limits how many attempts start. It holds one second's worth of tokens and fills continuously. */
export interface TokenBucket {
  /** Whole tokens at `now`: how many attempts may start. */
  available(now: number): number;
  /** Takes a token. The count may go below zero; then the next token comes later. */
  take(now: number): void;
  /** When the next attempt may start. */
  nextAt(now: number): number;
}

export function createTokenBucket(perSecond: number, startedAt: number): TokenBucket {
  let tokens = perSecond;
  let at = startedAt;

  const fill = (now: number): void => {
    tokens = Math.min(perSecond, tokens + (Math.max(0, now - at) * perSecond) / 1_000);
    at = Math.max(at, now);
  };
  return {
    available(now) {
      fill(now);
      return Math.floor(tokens);
    },
    take(now) {
      fill(now);
      tokens -= 1;
    },
    nextAt(now) {
      fill(now);
      return tokens >= 1 ? now : now + Math.ceil(((1 - tokens) * 1_000) / perSecond);
    },
  };
}
