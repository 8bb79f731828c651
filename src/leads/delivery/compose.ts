import type { Conversation } from '../../domain/lead.ts';
import type { Claim } from '../../domain/ports/delivery-queue.ts';
import type { Outbox } from '../../domain/ports/outbox.ts';
import type { Provider } from '../../domain/provider.ts';
import type { Clock } from '../../lib/clock.ts';
import { type AttemptReport, createDelivery, type Delivery } from './attempt.ts';
import { type Breaker, createGate, type Gate } from './breaker.ts';
import { createParking, type Parking } from './parking.ts';
import type { RetryRules } from './policy.ts';
import { createWorker, type Limits, type Worker } from './worker.ts';

export type DeliveryParts = {
  readonly outbox: Outbox;
  readonly upstream: Pick<Provider, 'send'>;
  readonly accounts: { ids(): readonly string[]; endpoint(id: string): string };
  /** Hash of the credentials that an account uses now; `undefined` if the account is no longer configured. */
  readonly credentials: (provider: string) => string | undefined;
  readonly rules: (site: string) => RetryRules;
  readonly report: (report: AttemptReport) => void;
  readonly onBreaker: (endpoint: string, state: Breaker['state']) => void;
  readonly onReleased: (provider: string) => void;
  readonly onFault: (error: unknown) => void;
  /** Called for a lead whose owner died while it may have been sending. */
  readonly onTakenOver: (claim: Claim, conversation: Conversation) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly leaseMs: number;
  readonly limits?: Limits;
};

export type RunningDelivery = {
  readonly delivery: Delivery;
  readonly worker: Worker;
  readonly gate: Gate;
  readonly parking: Parking;
  /** Starts no new attempt and waits for the attempts under way. */
  stop(): Promise<void>;
};

/** Builds delivery over a store. It does not start the worker. */
export function composeDelivery(parts: DeliveryParts): RunningDelivery {
  const { outbox, upstream, accounts, credentials, rules, onBreaker, clock, random, leaseMs } = parts;
  const gate = createGate({
    endpoint: accounts.endpoint,
    clock,
    onChange(endpoint, state) {
      onBreaker(endpoint, state);
      worker.kick();
    },
  });
  const delivery = createDelivery({
    queue: outbox,
    upstream,
    gate,
    rules,
    credentials,
    report: parts.report,
    worker: { kick: () => worker.kick(), wakeBy: (dueAt) => worker.wakeBy(dueAt) },
    clock,
    random,
    leaseMs,
  });
  const parking = createParking({
    store: outbox,
    queue: outbox,
    gate,
    providers: accounts.ids(),
    credentials,
    onReleased: parts.onReleased,
    clock,
  });
  const worker: Worker = createWorker({
    queue: outbox,
    delivery,
    gate,
    parking,
    rules,
    onFault: parts.onFault,
    onTakenOver: parts.onTakenOver,
    clock,
    random,
    ...(parts.limits && { limits: parts.limits }),
  });
  return {
    delivery,
    worker,
    gate,
    parking,
    async stop() {
      await worker.stop();
      await delivery.idle();
    },
  };
}
