import type { Claim } from '../outbox/port.ts';

/** Leases up to `limit` due leads of a provider. */
export type ClaimUpTo = (provider: string, limit: number) => Promise<readonly Claim[]>;

/**
 * How the background attempts are divided among provider accounts. Calls start in turn, and no account holds more than its
 * share of the attempts at a time while others have leads that are due: a slow provider slows nobody but itself.
 */
export interface Shares {
  /** The accounts, who was not served for longest first. */
  inTurn(providers: readonly string[]): readonly string[];
  /** Claims up to `limit` leads of these accounts, each its share; what some do not need goes to the others. */
  claim(providers: readonly string[], limit: number, claimUpTo: ClaimUpTo): Promise<readonly Claim[]>;
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
    async claim(providers, limit, claimUpTo) {
      const claims: Claim[] = [];
      const taken = new Map<string, number>();
      const share = Math.max(1, Math.floor(concurrency / Math.max(1, providers.length)));
      let asked = inTurn(providers);
      for (const most of [share, Number.POSITIVE_INFINITY]) {
        const roomOf = (name: string): number => most - (running.get(name) ?? 0) - (taken.get(name) ?? 0);
        for (;;) {
          const quotas = divide(limit - claims.length, asked.map(roomOf));
          if (quotas.every((quota) => quota === 0)) break;
          const got = await Promise.all(
            asked.map((name, at) => (quotas[at] ? claimUpTo(name, quotas[at]) : Promise.resolve([]))),
          );
          for (const [at, name] of asked.entries()) taken.set(name, (taken.get(name) ?? 0) + (got[at]?.length ?? 0));
          claims.push(...got.flat());
          // Who got less than was asked for has no more.
          asked = asked.filter((_, at) => got[at]?.length === quotas[at]);
        }
      }
      return claims;
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
export function divide(total: number, rooms: readonly number[]): readonly number[] {
  const parts = rooms.map(() => 0);
  let left = Math.max(0, total);
  for (;;) {
    const open = [...rooms.keys()].filter((at) => (parts[at] as number) < (rooms[at] as number));
    if (left === 0 || open.length === 0) return parts;
    const each = Math.floor(left / open.length);
    for (const at of each === 0 ? open.slice(0, left) : open) {
      const more = Math.min(Math.max(1, each), (rooms[at] as number) - (parts[at] as number));
      parts[at] = (parts[at] as number) + more;
      left -= more;
    }
  }
}
