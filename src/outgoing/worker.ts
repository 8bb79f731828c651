import type { OutgoingClaim, OutgoingQueue, OutgoingResult } from '../domain/ports/outgoing-queue.ts';
import type { Receiver, Sender, SendReport } from '../domain/receiver.ts';
import { type Clock, within } from '../lib/clock.ts';
import { createLoop, type Loop } from './loop.ts';
import { afterFailure, HEALTHY, type Health, nextTry } from './schedule.ts';

/** Messages of one destination that are sent at a time: a slow receiver holds back only itself. */
const CONCURRENCY = 4;
/** How often the queue is looked at when nothing is due: another process may have left messages and died. */
const LONGEST_SLEEP_MS = 15_000;
/** The wait after a look that found due messages and got none of them, because another process was quicker. */
const CONTENDED_MS = 1_000;
/** Expired messages that one look removes. */
const EXPIRED_CHUNK = 1_000;
/** How long a stop waits for tries under way. Those that take longer are repeated when their leases run out. */
const STOP_MS = 5_000;

type Parts = {
  readonly queue: OutgoingQueue;
  readonly sender: Sender;
  /** Where a destination is now; `undefined` if it is not configured here. Its messages then wait until they expire. */
  readonly receiverOf: (destination: string) => Receiver | undefined | Promise<Receiver | undefined>;
  /** Whether any receiver is configured. Without one the queue is not looked at. */
  readonly active: () => boolean;
  /** Delays of a destination's messages in seconds, before each further try. */
  readonly scheduleS: (destination: string) => readonly number[];
  readonly report: (report: SendReport) => void;
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: () => number;
};

/**
 * Sends due messages. Each destination has its own tries at a time and its own pauses after failures, so that a dead receiver
 * costs the others nothing. The worker sleeps until the next message is due, or until it is kicked.
 */
export function createOutgoingWorker(parts: Parts): Loop {
  const { queue, sender, receiverOf, active, scheduleS, report, onFault, clock, random } = parts;
  const health = new Map<string, Health>();
  const running = new Map<string, Set<Promise<void>>>();
  let dropAt = 0;

  const send = async (claim: OutgoingClaim, receiver: Receiver): Promise<void> => {
    const { destination, id: message } = claim;
    const sent = await sender.send(receiver, claim);
    const now = clock.now();
    const attempt = claim.attempts + 1;
    let result: OutgoingResult = { kind: 'delivered' };
    if (sent.kind === 'delivered') {
      health.delete(destination);
    } else {
      const { failure, retryAfterMs = 0 } = sent;
      const dueAt = nextTry(attempt, scheduleS(destination), { now, random: random(), retryAfterMs });
      result = { kind: 'postponed', failure, dueAt };
      health.set(destination, afterFailure(health.get(destination) ?? HEALTHY, clock.monotonic()));
    }
    // If this fails, the lease runs out and the message is sent again under the same id.
    await queue.settleOutgoing(claim, result, now).catch(onFault);
    report({
      destination,
      message,
      attempt,
      count: 1,
      ...(sent.kind === 'failed' ? { result: 'failed', failure: sent.failure } : { result: 'delivered' }),
    });
  };

  const start = (claim: OutgoingClaim, receiver: Receiver): void => {
    const { destination } = claim;
    const tries = running.get(destination) ?? new Set();
    running.set(destination, tries);
    const work = send(claim, receiver).finally(() => {
      tries.delete(work);
      loop.kick();
    });
    tries.add(work);
  };

  /** Claims for one destination; gives when to look at it again. */
  const startDue = async (destination: string, dueAt: number): Promise<number> => {
    const receiver = await receiverOf(destination);
    if (!receiver) return Number.POSITIVE_INFINITY;
    const { failures, pausedUntil } = health.get(destination) ?? HEALTHY;
    const now = clock.now();
    const at = Math.max(dueAt, now + pausedUntil - clock.monotonic());
    if (at > now) return at;
    // After a failure one message at a time tests the receiver.
    const free = (failures > 0 ? 1 : CONCURRENCY) - (running.get(destination)?.size ?? 0);
    // A try that ends wakes the worker.
    if (free <= 0) return Number.POSITIVE_INFINITY;
    const claims = await queue.claimOutgoing(destination, free, now);
    for (const claim of claims) start(claim, receiver);
    return claims.length > 0 ? now : now + CONTENDED_MS;
  };

  const step = async (): Promise<number> => {
    if (!active()) return Number.POSITIVE_INFINITY;
    const now = clock.now();
    // It is a write, so it must not go along with each kick.
    if (now >= dropAt) {
      dropAt = now + LONGEST_SLEEP_MS;
      for (const [destination, count] of await queue.dropExpired(now, EXPIRED_CHUNK))
        report({ destination, result: 'dropped', count, failure: 'expired' });
    }
    const due = await queue.dueDestinations();
    const times = await Promise.all(due.map(({ destination, dueAt }) => startDue(destination, dueAt)));
    return Math.min(now + LONGEST_SLEEP_MS, ...times);
  };
  const loop = createLoop({ step, onFault, clock });

  return {
    ...loop,
    async stop() {
      await loop.stop();
      const tries = [...running.values()].flatMap((set) => [...set]);
      await within(clock, STOP_MS, Promise.allSettled(tries));
    },
  };
}
