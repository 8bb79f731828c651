import type { Notifications, NotificationTarget } from '../domain/notification.ts';
import { StorageUnavailable } from '../domain/ports/outbox.ts';
import type { OutgoingMessage, OutgoingQueue } from '../domain/ports/outgoing-queue.ts';
import type { SendResult } from '../domain/receiver.ts';
import { HOUR_MS } from '../lib/clock.ts';
import { type Condition, keyOf } from './conditions.ts';
import type { Occasion } from './texts.ts';

/** The storage fails for this long before somebody is told: a database that is restarted is back sooner. */
const TOLD_AFTER_MS = 30_000;

type Parts = {
  readonly store: Pick<OutgoingQueue, 'enqueue'> & { ready(): Promise<void> };
  /** Sends without the queue, which is in the storage that fails. */
  readonly sendNow: (target: NotificationTarget, message: OutgoingMessage) => Promise<SendResult>;
  readonly compose: (occasion: Occasion, condition: Condition, target: NotificationTarget) => OutgoingMessage;
  /** Whether a target is to be told of a condition now. */
  readonly wants: (target: NotificationTarget, condition: Condition) => boolean;
  /** Name of this process's machine. */
  readonly host: string;
};

/**
 * Tells of a storage that fails. No message can be stored then, so each process sends its own messages directly, as often as its
 * targets take them, and forgets about them when it ends. The all-clear is stored and sent like every other message.
 */
export interface StorageWatch {
  /** An operation of the storage failed. */
  fault(now: number): void;
  /** Tests a storage that has failed, and tells what is to be told. Gives whether it works. */
  check(settings: Notifications, now: number): Promise<boolean>;
}

export function createStorageWatch({ store, sendNow, compose, wants, host }: Parts): StorageWatch {
  let failingSince: number | undefined;
  const told = new Map<string, number>();
  const condition = (since: number): Condition => ({ kind: 'storage_failing', subject: host, since });

  const tell = async ({ targets, remindHours }: Notifications, since: number, now: number): Promise<void> => {
    const due = [...targets.values()].filter((target) => {
      const toldAt = told.get(target.name);
      return wants(target, condition(since)) && (toldAt === undefined || now - toldAt >= remindHours * HOUR_MS);
    });
    await Promise.all(
      due.map(async (target) => {
        const occasion = told.has(target.name) ? 'reminder' : 'raised';
        const { kind } = await sendNow(target, compose(occasion, condition(since), target));
        if (kind === 'delivered') told.set(target.name, now);
      }),
    );
  };

  return {
    fault(now) {
      failingSince ??= now;
    },
    async check(settings, now) {
      if (failingSince === undefined) return true;
      const since = failingSince;
      try {
        await store.ready();
        const cleared = [...told.keys()].flatMap((name) => settings.targets.get(name) ?? []);
        const over = condition(since);
        await store.enqueue(cleared.map((target) => ({ ...compose('cleared', over, target), ordering: keyOf(over) })));
        told.clear();
        failingSince = undefined;
        return true;
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
        if (now - since >= TOLD_AFTER_MS) await tell(settings, since, now);
        return false;
      }
    },
  };
}
