import type { Lead } from '../../../src/domain/lead.ts';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import { composeDelivery } from '../../../src/leads/delivery/compose.ts';
import type { RetryRules } from '../../../src/leads/delivery/policy.ts';
import { createSubmit, type Submit } from '../../../src/leads/submit.ts';
import type { Clock } from '../../../src/lib/clock.ts';
import { hashing, LEASE_MS } from '../outbox.ts';
import type { Random } from '../random.ts';
import type { Ledger } from './ledger.ts';
import { clockOf, createLife, intercepted, type Life } from './life.ts';
import type { SimulatedStore } from './stores.ts';

/** What all processes of a simulation share. */
export type World = {
  readonly clock: Clock;
  readonly random: Random;
  readonly rules: RetryRules;
  readonly ledger: Ledger;
  readonly store: SimulatedStore;
  /** The probability that an operation of the store fails now. */
  readonly storageFaults: () => number;
  /** Answers after some simulated time, even if the calling process has died. */
  readonly provider: (lead: Lead) => Promise<Outcome>;
  readonly trace: (line: string) => void;
};

/** One gateway process without HTTP: submit, delivery and store over the world's clock. */
export type Process = { readonly owner: string; readonly life: Life; readonly submit: Submit; kill(): Promise<void> };

/** How long a request waits for the first attempt, in milliseconds. */
const WAIT_MS = 4_000;

export async function startProcess(world: World, owner: string): Promise<Process> {
  const { random, ledger, rules, trace } = world;
  const life = createLife();
  const clock = clockOf(life, world.clock);
  const store = await world.store.run(() => world.store.open(owner));
  const unavailable = (when: string) => new StorageUnavailable(`The storage fails ${when} the write.`);

  const outbox = intercepted(store, async (name, args, run) => {
    await life.alive();
    const fails = random.chance(world.storageFaults());
    // A fault after the commit: the process cannot know whether the write took place.
    const late = fails && random.chance(0.5);
    if (fails && !late) throw unavailable('before');
    const result = await world.store.run(async () => {
      const committed = await run();
      ledger.committed(owner, world.clock.now(), name, args, committed);
      return committed;
    });
    await life.alive();
    if (late) throw unavailable('after');
    return result;
  });
  const { delivery, worker } = composeDelivery({
    onTakenOver: () => undefined,
    outbox,
    upstream: {
      async send(lead) {
        await life.alive();
        const outcome = await world.provider(lead);
        await life.alive();
        return { outcome, durationMs: 1 };
      },
    },
    accounts: { ids: () => ['default'], endpoint: () => 'na' },
    credentials: () => 'credentials-1',
    rules: () => rules,
    report: ({ lease, answer, settled }) =>
      trace(
        `${owner} ${ledger.stored.get(lease.id)} ${answer.outcome.class} ${settled?.conversation.status ?? 'stale'}`,
      ),
    onBreaker: (_, state) => trace(`${owner} breaker ${state}`),
    onReleased: () => trace(`${owner} released`),
    onFault: (error) => trace(`${owner} fault ${error instanceof Error ? error.message : error}`),
    clock,
    random: random.next,
    leaseMs: LEASE_MS,
  });
  worker.start();
  const submit = createSubmit({
    store: outbox,
    delivery,
    hashing,
    dailyMax: () => ({ phone: 1_000_000, phoneTotal: 1_000_000, site: 1_000_000, visitor: 1_000_000 }),
    onUnrecorded: (error) => trace(`${owner} unrecorded ${error instanceof Error ? error.message : error}`),
    onQueued: worker.kick,
    waitMs: WAIT_MS,
    clock,
  });
  return {
    owner,
    life,
    async submit(lead, context) {
      const submission = await submit(lead, context);
      // A dead process sends no response.
      await life.alive();
      return submission;
    },
    async kill() {
      life.kill();
      await worker.stop();
      await world.store.run(store.close);
    },
  };
}
