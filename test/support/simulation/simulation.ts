import type { Lead } from '../../../src/domain/lead.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import type { RetryRules } from '../../../src/leads/delivery/policy.ts';
import { manualClock } from '../clock.ts';
import { lead } from '../lead.ts';
import { seeded } from '../random.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { type Process, startProcess, type World } from './process.ts';
import type { SimulatedStore } from './stores.ts';
import { violationsOf } from './verdict.ts';

export type Scenario = {
  readonly seed: number;
  readonly unknown: 'resend' | 'hold';
  readonly processes: number;
  readonly leads: number;
  readonly deaths: number;
  readonly freezes: number;
  /** Periods during which the storage, the provider or the credentials fail. */
  readonly badTimes: number;
  /** Whether the provider answers Success to everything. */
  readonly soundProvider?: boolean;
};

/** A scenario of one process with crashes, a suspension and faults of every kind. */
export const trouble = (seed: number, unknown: Scenario['unknown']): Scenario => ({
  seed,
  unknown,
  processes: 1,
  leads: 25,
  deaths: 3,
  freezes: 1,
  badTimes: 4,
});

export type Outcomes = {
  /** Everything that happened, in order, with its time: the same for the same scenario. */
  readonly trace: readonly string[];
  readonly violations: readonly string[];
  readonly statuses: Readonly<Record<string, number>>;
  /** How often a lease expired because its process had died or was frozen. */
  readonly expiries: number;
  /** The longest time from granting a lease until it was settled or taken over, in milliseconds. */
  readonly longestLeaseMs: number;
};

/** Faults end after this time; then every lead must reach its final state without an operator. */
const TROUBLE_MS = 300_000;
/** The longest time until then: a parked provider is probed every ten minutes. */
const CALM_MS = 2_400_000;

/** The longest call. */
const CALL_MS = 15_000;

/** Runs one scenario on an empty store, closes the store, and checks the guarantees. */
export async function simulate(store: SimulatedStore, scenario: Scenario): Promise<Outcomes> {
  const { seed, unknown, leads } = scenario;
  const random = seeded(seed);
  const clock = manualClock(1_000_000, store.pending);
  const calmAt = clock.now() + TROUBLE_MS;
  const ledger = createLedger();
  const rules: RetryRules = { scheduleS: [2, 5, 10, 20, 40], unknown, resendMax: 2 };
  const trace: string[] = [];
  const note = (line: string): void => void trace.push(`${clock.now()} ${line}`);
  const weather = { storage: 0, provider: 0, credentials: 0 };
  const processes = new Set<Process>();
  const acknowledged = new Map<number, string>();
  let started = 0;
  let dying = Promise.resolve();

  const later = (ms: number, run: () => unknown): void => void clock.after(ms, () => void run());
  const anyTime = (run: () => unknown): void => later(random.below(TROUBLE_MS), run);

  const provider = async ({ question }: Lead): Promise<Outcome> => {
    const outcome = outcomeOf();
    ledger.calls.push({ lead: Number(question), outcome: outcome.class });
    note(`call ${question} ${outcome.class}`);
    await new Promise<void>((answer) => later(random.below(CALL_MS), answer));
    return outcome;
  };
  const outcomeOf = (): Outcome => {
    if (scenario.soundProvider || clock.now() >= calmAt) return { class: 'delivered' };
    if (weather.provider > 0)
      return random.chance(0.7) ? { class: 'not_sent', cause: 'refused' } : { class: 'unknown', cause: 'timeout' };
    if (weather.credentials > 0) return { class: 'credentials', cause: 'http_401' };
    const dice = random.next();
    if (dice < 0.6) return { class: 'delivered' };
    if (dice < 0.75) return { class: 'unknown', cause: 'reset' };
    if (dice < 0.9) return { class: 'not_sent', cause: 'http_503', retryAfterMs: random.below(20_000) };
    if (dice < 0.95) return { class: 'rejected', reason: 'phone', cause: 'failure_phone' };
    return { class: 'refused', cause: 'failure_other' };
  };
  const world: World = {
    clock,
    random,
    rules,
    ledger,
    store,
    storageFaults: () => (weather.storage > 0 ? 0.4 : 0),
    provider,
    trace: note,
  };

  const start = async (): Promise<void> => {
    started += 1;
    const owner = `process-${started}`;
    try {
      processes.add(await startProcess(world, owner));
      note(`${owner} started`);
    } catch {
      // The storage is unavailable, so the start is tried again.
      later(1_000, start);
    }
  };
  const pick = (): Process | undefined => [...processes][random.below(processes.size)];
  const die = (): void => {
    const process = pick();
    if (!process) return;
    note(`${process.owner} dies`);
    processes.delete(process);
    dying = dying.then(process.kill);
    later(1_000 + random.below(20_000), start);
  };
  const freeze = (): void => {
    const process = pick();
    if (!process) return;
    note(`${process.owner} freezes`);
    process.life.freeze();
    later(random.below(150_000), () => {
      note(`${process.owner} thaws`);
      process.life.thaw();
    });
    // A frozen process looks dead, so another one is started; after the thaw there is one more.
    later(5_000, start);
  };
  const badTime = (): void => {
    const kind = (['storage', 'provider', 'credentials'] as const)[random.below(3)] ?? 'storage';
    note(`${kind} is bad`);
    weather[kind] += 1;
    later(random.below(90_000), () => {
      note(`${kind} is better`);
      weather[kind] -= 1;
    });
  };

  const send = async (n: number, again: boolean): Promise<void> => {
    const process = pick();
    try {
      if (!process) throw new Error('No process runs.');
      const { conversation, replayed } = await process.submit(leadOf(n), {
        requestId: `request-${n}`,
        scope: { kind: 'visitor', id: 'demo', address: '192.0.2.1', idempotencyKey: `key-${n}` },
        screen: async () => ({ suspect: false, uses: [] }),
      });
      note(`answered ${n} ${conversation.status}${replayed ? ' again' : ''}`);
      if ((acknowledged.get(n) ?? conversation.id) !== conversation.id) ledger.violations.push(`lead ${n} has two ids`);
      acknowledged.set(n, conversation.id);
      if (again) later(random.below(60_000), () => send(n, false));
    } catch (error) {
      note(`not answered ${n} ${error instanceof Error ? error.message : error}`);
      later(1_000 + random.below(10_000), () => send(n, again));
    }
  };

  for (let n = 0; n < scenario.processes; n += 1) await start();
  for (let n = 0; n < leads; n += 1) anyTime(() => send(n, random.chance(0.3)));
  for (let n = 0; n < scenario.deaths; n += 1) anyTime(die);
  for (let n = 0; n < scenario.freezes; n += 1) anyTime(freeze);
  for (let n = 0; n < scenario.badTimes; n += 1) anyTime(badTime);
  await clock.advance(TROUBLE_MS);
  while (clock.now() < calmAt + CALM_MS && !(await isOver(acknowledged, leads, store))) await clock.advance(5_000);
  // Calls of processes that woke up too late may still be under way.
  await clock.advance(CALL_MS);
  for (const process of processes) await process.kill();
  await dying;
  const rows = await store.rows();
  const violations = violationsOf(rows, acknowledged, ledger, rules);
  if (await anyOldTokenCounts(ledger, store)) violations.push('a lease that is over was settled again');
  await store.close();
  const statuses: Record<string, number> = {};
  for (const { status } of rows) statuses[status] = (statuses[status] ?? 0) + 1;
  const expiries = [...ledger.expiries.values()].reduce((sum, n) => sum + n, 0);
  return { trace, violations, statuses, expiries, longestLeaseMs: ledger.longestLeaseMs() };
}

function leadOf(n: number): Lead {
  return lead({ question: String(n) });
}

async function isOver(
  acknowledged: ReadonlyMap<number, string>,
  leads: number,
  store: SimulatedStore,
): Promise<boolean> {
  return (
    acknowledged.size === leads &&
    (await store.rows()).every(({ status, cause }) => status !== 'queued' && cause !== 'provider')
  );
}

/** Settles every granted lease once more with its token, and returns whether anything changed. */
async function anyOldTokenCounts({ leases }: Ledger, store: SimulatedStore): Promise<boolean> {
  const before = JSON.stringify(await store.rows());
  const owners = Map.groupBy(leases, ({ owner }) => owner);
  for (const [owner, held] of owners) {
    const outbox = await store.open(owner);
    for (const { lease } of held) await outbox.settle(lease, { status: 'delivered', attempted: true }, 0);
    await outbox.close();
  }
  return JSON.stringify(await store.rows()) !== before;
}
