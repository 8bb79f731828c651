import { type Notifications, type NotificationTarget, URGENT } from '../domain/notification.ts';
import type { ProviderStore } from '../domain/ports/delivery-queue.ts';
import type { StatsStore } from '../domain/ports/lead-records.ts';
import { StorageUnavailable } from '../domain/ports/outbox.ts';
import type {
  AlertStore,
  OutgoingMessage,
  OutgoingQueue,
  ReportedCondition,
  ToldAlert,
} from '../domain/ports/outgoing-queue.ts';
import type { SendResult } from '../domain/receiver.ts';
import { type Clock, HOUR_MS } from '../lib/clock.ts';
import { type Condition, conditionOf, type Findings, findConditions, keyOf, REPORT_FRESH_MS } from './conditions.ts';
import { createLoop } from './loop.ts';
import { isQuiet } from './schedule.ts';
import { createStorageWatch } from './storage-watch.ts';
import { composeMessage, type Occasion } from './texts.ts';

/** How often the conditions are looked at, and the shortest time between two looks that events ask for. */
const LOOK_EVERY_MS = 15_000;
const GAP_MS = 1_000;

type Parts = {
  readonly store: AlertStore &
    Pick<OutgoingQueue, 'enqueue'> &
    Pick<ProviderStore, 'parked'> &
    Pick<StatsStore, 'openCounts'> & { ready(): Promise<void> };
  /** The receivers; `undefined` if there are none. */
  readonly settings: () => Notifications | undefined;
  readonly siteUse: (site: string) => Promise<{ readonly count: number; readonly max: number }>;
  /** What is to be told of sites. */
  readonly siteNews: Parameters<typeof findConditions>[0]['siteNews'];
  /** Sends without the queue. */
  readonly sendNow: (target: NotificationTarget, message: OutgoingMessage) => Promise<SendResult>;
  /** Called when messages were stored. */
  readonly onStored: () => void;
  readonly onFault: (error: unknown) => void;
  readonly newId: () => string;
  /** Name of this process's machine. */
  readonly host: string;
  readonly clock: Clock;
};

/** Looks at the conditions that operators are told of, and stores the messages. */
export interface Monitor {
  start(): void;
  /** Looks soon, because something has happened that operators may be told of. */
  kick(): void;
  /** The circuit breaker of an endpoint has changed in this process. */
  breaker(endpoint: string, state: 'closed' | 'half_open' | 'open'): void;
  /** Whether the provider refuses every lead of an account, as this process sees it. */
  refusals(provider: string, refused: boolean): void;
  /** Whether this process has refused requests for a while because it has too much to do. */
  overloaded(holds: boolean): void;
  /** A site has taken a lead. */
  lead(site: string): void;
  /** An operation of the storage failed. */
  storageFault(): void;
  stop(): Promise<void>;
}

/**
 * Compares what holds with what each target was told, and stores a message for each difference. Every process does so; the store
 * decides which of them tells (`AlertStore`). A target in its quiet time is told afterwards of what still holds then.
 */
export function createMonitor(parts: Parts): Monitor {
  const { store, settings, siteUse, siteNews, sendNow, onStored, newId, host, clock } = parts;
  /** What only this process sees, by its key, and since when. */
  const seen = new Map<string, number>();
  const sites = new Set<string>();
  let reporting = false;

  const compose = (occasion: Occasion, condition: Condition, target: NotificationTarget): OutgoingMessage =>
    composeMessage(occasion, condition, {
      id: newId(),
      gateway: settings()?.name ?? '',
      target: target.name,
      now: clock.now(),
    });
  const disturbs = ({ quiet }: NotificationTarget, { kind }: Condition): boolean =>
    quiet !== undefined && !(quiet.urgentPasses && URGENT.has(kind)) && isQuiet(quiet, clock.now());
  const wants = (target: NotificationTarget, condition: Condition): boolean =>
    target.conditions.has(condition.kind) && !disturbs(target, condition);
  const storage = createStorageWatch({ store, sendNow, compose, wants, host });

  /** Tells the other processes what this one sees. */
  const reportSeen = async (now: number): Promise<void> => {
    if (seen.size === 0 && !reporting) return;
    const conditions = [...seen].map(([condition, since]): ReportedCondition => ({ condition, since }));
    await store.report(conditions, now, now - REPORT_FRESH_MS);
    reporting = conditions.length > 0;
  };
  const see = (condition: Condition, holds: boolean): void => {
    const key = keyOf(condition);
    if (!holds) seen.delete(key);
    else if (!seen.has(key)) seen.set(key, clock.now());
  };

  const tellTarget = async (
    target: NotificationTarget,
    { open, undecided }: Findings,
    { told, remindHours, now }: { told: readonly ToldAlert[]; remindHours: number; now: number },
  ): Promise<boolean> => {
    let stored = false;
    const before = new Map(told.flatMap((alert) => (alert.target === target.name ? [[alert.condition, alert]] : [])));
    for (const condition of open) {
      const key = keyOf(condition);
      const alert = before.get(key);
      before.delete(key);
      if (!wants(target, condition)) continue;
      if (!alert) {
        const message = compose('raised', condition, target);
        stored = (await store.tell({ condition: key, target: target.name, message }, now)) || stored;
      } else if (now - alert.toldAt >= remindHours * HOUR_MS) {
        const message = compose('reminder', { since: alert.since, ...condition }, target);
        const reminder = { condition: key, target: target.name, message, toldBefore: alert.toldAt };
        stored = (await store.tell(reminder, now)) || stored;
      }
    }
    for (const [key, { since }] of before) {
      const condition = { ...conditionOf(key), since };
      if (undecided.has(key) || disturbs(target, condition)) continue;
      const message = compose('cleared', condition, target);
      stored = (await store.tellCleared({ condition: key, target: target.name, message })) || stored;
    }
    return stored;
  };

  const look = async (now: number, current: Notifications): Promise<void> => {
    await reportSeen(now);
    const told = await store.told();
    const looked = [...sites];
    const findings = await findConditions({ store, siteUse, siteNews }, current, { told, sites: looked, now });
    for (const target of current.targets.values()) {
      if (await tellTarget(target, findings, { told, remindHours: current.remindHours, now })) onStored();
    }
    // A site that a quiet target has to be told of later is looked at again.
    const near = new Set(findings.open.map(({ kind, subject }) => (kind === 'site_cap' ? subject : undefined)));
    for (const site of looked) if (!near.has(site)) sites.delete(site);
  };

  const step = async (): Promise<number> => {
    const current = settings();
    if (!current) return Number.POSITIVE_INFINITY;
    const now = clock.now();
    try {
      if (await storage.check(current, now)) await look(now, current);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      storage.fault(now);
      parts.onFault(error);
    }
    return now + LOOK_EVERY_MS;
  };
  const loop = createLoop({ step, onFault: parts.onFault, clock, gapMs: GAP_MS });

  return {
    ...loop,
    breaker(endpoint, state) {
      see({ kind: 'breaker_open', subject: endpoint }, state !== 'closed');
      loop.kick();
    },
    refusals(provider, refused) {
      see({ kind: 'leads_refused', subject: provider }, refused);
      loop.kick();
    },
    overloaded(holds) {
      see({ kind: 'overloaded' }, holds);
      loop.kick();
    },
    lead: (site) => void sites.add(site),
    storageFault() {
      storage.fault(clock.now());
      loop.kick();
    },
  };
}
