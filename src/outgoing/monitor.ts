import { type ConditionKind, type Notifications, type NotificationTarget, URGENT } from '../domain/notification.ts';
import type { ActivityStore } from '../domain/ports/activity-store.ts';
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
import { type Clock, HOUR_MS, MINUTE_MS } from '../lib/clock.ts';
import { type Condition, conditionOf, type Findings, findConditions, keyOf, REPORT_FRESH_MS } from './conditions.ts';
import { createLoop } from './loop.ts';
import { isQuiet } from './schedule.ts';
import { createStorageWatch } from './storage-watch.ts';
import { composeMessage, destinationOf, type Occasion } from './texts.ts';
import { createFailingReceivers, createRefusedRequests } from './watches.ts';

/** How often the conditions are looked at, and the shortest time between two looks that events ask for. */
const LOOK_EVERY_MS = 15_000;
const GAP_MS = 1_000;
/** Redis is away for this long before somebody is told: one that is restarted is back sooner. */
const LIMITS_TOLD_AFTER_MS = 30_000;
/** After an outage the first answered calls are few, and the leads that waited need a while until they are sent. */
const TOLD_AFTER_MS = new Map<ConditionKind, number>([
  ['calls_failing', MINUTE_MS],
  ['leads_wait', 300_000],
]);

type Parts = {
  readonly store: AlertStore &
    Pick<OutgoingQueue, 'enqueue'> &
    Pick<ActivityStore, 'activity'> &
    Pick<ProviderStore, 'parked'> &
    Pick<StatsStore, 'openCounts'> & { ready(): Promise<void> };
  /** The receivers; `undefined` if there are none. */
  readonly settings: () => Notifications | undefined;
  /** Sites that took leads, or had to refuse them. The monitor removes those that are not near their daily maximum. */
  readonly sites: Set<string>;
  readonly siteUse: (site: string) => Promise<{ readonly count: number; readonly max: number }>;
  /** Since when the settings on disk are refused, and since when this process counts rate limits without Redis. */
  readonly settingsRefusedSince: () => number | undefined;
  readonly limitsLocalSince: () => number | undefined;
  readonly causeOf: Parameters<typeof findConditions>[0]['causeOf'];
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
  /** Why this process has refused requests for a while because it has too much to do; `undefined` when that is over. */
  overloaded(reason: string | undefined): void;
  /** A request was answered with an error. @param code that of the error */
  refused(code: string): void;
  /** A message to a receiver was sent, or was not. */
  sent(destination: string, delivered: boolean): void;
  /** An operation of the storage failed. */
  storageFault(): void;
  stop(): Promise<void>;
}

/**
 * Compares what holds with what each target was told, and stores a message for each difference. Every process does so; the store
 * decides which of them tells (`AlertStore`). A target in its quiet time is told afterwards of what still holds then.
 */
export function createMonitor(parts: Parts): Monitor {
  const { store, settings, sites, causeOf, siteUse, siteNews, sendNow, onStored, newId, host, clock } = parts;
  /** The conditions that only this process sees, by key, each with its beginning. */
  const seen = new Map<string, number>();
  const requests = createRefusedRequests(clock);
  const receivers = createFailingReceivers(clock);
  const heldSince = new Map<ConditionKind, number>();
  let reporting = false;

  const compose = (occasion: Occasion, condition: Condition, target: NotificationTarget): OutgoingMessage =>
    composeMessage(occasion, condition, {
      id: newId(),
      gateway: settings()?.name ?? '',
      consoleUrl: settings()?.consoleUrl,
      target: target.name,
      now: clock.now(),
    });
  /** A receiver that takes no messages is not told of that itself. */
  const concerns = (target: NotificationTarget, { kind, subject }: Condition): boolean =>
    target.conditions.has(kind) && !(kind === 'receiver_failing' && subject === destinationOf(target.name));
  const disturbs = ({ quiet }: NotificationTarget, { kind }: Condition): boolean =>
    quiet !== undefined && !(quiet.urgentPasses && URGENT.has(kind)) && isQuiet(quiet, clock.now());
  const wants = (target: NotificationTarget, condition: Condition): boolean =>
    concerns(target, condition) && !disturbs(target, condition);
  const storage = createStorageWatch({ store, sendNow, compose, wants, host });

  const seeLasting = (condition: Condition, since: number | undefined, afterMs: number, now: number): void => {
    if (since === undefined || now - since < afterMs) seen.delete(keyOf(condition));
    else seen.set(keyOf(condition), since);
  };

  /** Tells the other processes what this one sees. */
  const reportSeen = async (now: number): Promise<void> => {
    seeLasting({ kind: 'settings_refused' }, parts.settingsRefusedSince(), 0, now);
    seeLasting({ kind: 'limits_local' }, parts.limitsLocalSince(), LIMITS_TOLD_AFTER_MS, now);
    for (const { code, since } of requests.look())
      seeLasting({ kind: 'requests_refused', subject: code }, since, 0, now);
    for (const { destination, since } of receivers.look())
      seeLasting({ kind: 'receiver_failing', subject: destination }, since, 0, now);
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

  /** Leaves out what has not lasted long enough since nothing else explained it. */
  const lasting = ({ open, undecided }: Findings, now: number): Findings => {
    const early = new Set<string>();
    for (const [kind, ms] of TOLD_AFTER_MS) {
      const holds = open.some((one) => one.kind === kind);
      const since = holds ? (heldSince.get(kind) ?? now) : undefined;
      if (since === undefined) heldSince.delete(kind);
      else heldSince.set(kind, since);
      if (since !== undefined && now - since < ms) early.add(kind);
    }
    return { open: open.filter(({ kind }) => !early.has(kind)), undecided: new Set([...undecided, ...early]) };
  };

  const look = async (now: number, current: Notifications): Promise<void> => {
    await reportSeen(now);
    const told = await store.told();
    const looked = [...sites];
    const findings = lasting(
      await findConditions({ store, causeOf, siteUse, siteNews }, current, { told, sites: looked, now }),
      now,
    );
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
    overloaded(reason) {
      for (const key of seen.keys()) if (conditionOf(key).kind === 'overloaded') seen.delete(key);
      if (reason !== undefined) see({ kind: 'overloaded', subject: reason }, true);
      loop.kick();
    },
    refused: requests.count,
    sent: receivers.note,
    storageFault() {
      storage.fault(clock.now());
      loop.kick();
    },
  };
}
