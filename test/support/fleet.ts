import type { Test } from 'tap';
import type { Address } from '../../src/store/postgres/connection.ts';
import { NO_LIMITS, phoneOf } from './caller.ts';
import type { StoredLead } from './database.ts';
import { eventually } from './eventually.ts';
import { type RunningGateway, startGateway } from './gateway.ts';
import { type PostgresServer, urlOf } from './postgres-server.ts';
import { type Provider, startProvider } from './provider.ts';

/** Gateways that share a Postgres database and are called in turn; each can be replaced by another process. */
export type Fleet = {
  readonly provider: Provider;
  readonly address: Address;
  /** The settings of every gateway, for starting one more. */
  readonly env: Readonly<Record<string, string>>;
  /** The running gateways, by index. */
  readonly running: readonly RunningGateway[];
  /** Base URL of the next gateway in turn, whether it runs or not. */
  next(): string;
  /**
   * Ends the gateway at an index and starts another in its place; `program` is another release's entry. Returns the exit code
   * of the ended one.
   */
  replace(place: number, signal: NodeJS.Signals, program?: string): Promise<number | null>;
  /** Every conversation, in the order of storing. */
  stored(): Promise<StoredLead[]>;
  /** As `stored`, once no conversation is queued any more; rejects after `ms`. */
  settled(ms: number): Promise<StoredLead[]>;
  /** How many calls the provider received, by number of lead. */
  received(leads: Iterable<number>): Promise<number[]>;
};

/** Starts `count` gateways at once. @param way gives the address for `DATABASE_URL` if that is not the database's own */
export async function startFleet(
  t: Test,
  server: PostgresServer,
  count: number,
  changes: Readonly<Record<string, string>> = {},
  way: (address: Address) => Address | Promise<Address> = (address) => address,
): Promise<Fleet> {
  const provider = await startProvider(t);
  const address = await server.database();
  const env = { ...NO_LIMITS, ...provider.env, DATABASE_URL: urlOf(await way(address)), ...changes };
  const running = await Promise.all(Array.from({ length: count }, () => startGateway(t, env)));
  let turn = 0;
  const stored = async (): Promise<StoredLead[]> =>
    (await server.query(
      'SELECT id, status, attempts, lease_owner IS NOT NULL AS leased FROM conversations ORDER BY seq',
      address,
    )) as unknown as StoredLead[];
  return {
    provider,
    address,
    env,
    running,
    next: () => (running[turn++ % count] as RunningGateway).url,
    async replace(place, signal, program) {
      const ended = await running[place]?.end(signal);
      running[place] = await startGateway(t, env, program);
      return ended?.code ?? null;
    },
    stored,
    settled: (ms) =>
      eventually('no lead is queued any more', ms, async () => {
        const rows = await stored();
        return rows.some(({ status }) => status === 'queued') ? undefined : rows;
      }),
    async received(leads) {
      const calls = await provider.byPhone();
      return [...leads].map((n) => calls[phoneOf(n)]?.received ?? 0);
    },
  };
}
