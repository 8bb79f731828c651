/** Begins attempts of up to `limit` due leads of a provider; gives how many there were. */
export type StartUpTo = (provider: string, limit: number) => Promise<number>;

/**
 * How the background attempts are divided among provider accounts. Calls start in turn, and no account holds more than its
 * share of the attempts at a time while others have leads that are due: a slow provider slows nobody but itself.
 */
export interface Shares {
  /** The accounts, who was not served for longest first. */
  inTurn(providers: readonly string[]): readonly string[];
  /**
   * Starts up to `limit` attempts for these accounts, each its share; what some do not need goes to the others. Gives how many,
   * and rejects where one could not be asked, when all have answered.
   */
  divide(providers: readonly string[], limit: number, startUpTo: StartUpTo): Promise<number>;
  /** An attempt for the account begins, and takes its turn. */
  began(provider: string): void;
  ended(provider: string): void;
  /** How many attempts are under way. */
  running(): number;
}

/** @param concurrency background attempts at a time, over all accounts */
export function createShares(concurrency: number): Shares {
  const running = new Map<string, number>();
  const served = new Map<string, number>();
  let turn = 0;

  const inTurn = (providers: readonly string[]): readonly string[] =>
    [...providers].sort((a, b) => (served.get(a) ?? 0) - (served.get(b) ?? 0));

  return {
    inTurn,
    async divide(providers, limit, startUpTo) {
      let started = 0;
      const share = Math.max(1, Math.floor(concurrency / Math.max(1, providers.length)));
      let asked = inTurn(providers);
      for (const most of [share, concurrency]) {
        for (;;) {
          const quotas = parts(
            limit - started,
            asked.map((name) => most - (running.get(name) ?? 0)),
          );
          if (quotas.every((quota) => quota === 0)) break;
          const got = await all(asked.map((name, at) => (quotas[at] ? startUpTo(name, quotas[at]) : 0)));
          started += got.reduce((sum, n) => sum + n, 0);
          // Who had fewer than were asked for has no more.
          asked = asked.filter((_, at) => got[at] === quotas[at]);
        }
      }
      return started;
    },
    began(provider) {
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

/** Divides `total` into whole parts as even as the rooms allow; what does not come out even goes to the first. */
export function parts(total: number, rooms: readonly number[]): readonly number[] {
  const divided = rooms.map(() => 0);
  let left = Math.max(0, total);
  for (;;) {
    const open = [...rooms.keys()].filter((at) => (divided[at] as number) < (rooms[at] as number));
    if (left === 0 || open.length === 0) return divided;
    const each = Math.floor(left / open.length);
    for (const at of each === 0 ? open.slice(0, left) : open) {
      const more = Math.min(Math.max(1, each), (rooms[at] as number) - (divided[at] as number));
      divided[at] = (divided[at] as number) + more;
      left -= more;
    }
  }
}

/** As `Promise.all`, but never over while one of them is under way. */
async function all(asked: readonly (number | Promise<number>)[]): Promise<readonly number[]> {
  await Promise.allSettled(asked);
  return Promise.all(asked);
}
