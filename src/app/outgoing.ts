import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { EventCounter } from '../admin/metrics.ts';
import { readSiteNews } from '../admin/site-news.ts';
import type { Settings } from '../config/settings.ts';
import type { DestinationState, Subscriber } from '../domain/ports/outgoing-queue.ts';
import type { Receiver, SendReport, WebhookReceiver } from '../domain/receiver.ts';
import { derived } from '../lib/values.ts';
import { createLoop } from '../outgoing/loop.ts';
import { createMonitor, type Monitor } from '../outgoing/monitor.ts';
import { destinationOf } from '../outgoing/texts.ts';
import { createOutgoingWorker } from '../outgoing/worker.ts';
import { createSender } from '../senders/sender.ts';
import type { Services } from './services.ts';

/** A delay between two tries for an operator; a notification that comes hours later is of little use. */
const LONGEST_DELAY_S = 600;

export type RunningOutgoing = {
  readonly monitor: Monitor;
  /** Sends what waits. */
  send(): void;
  /** Applies settings that were replaced. */
  refresh(): void;
  /** How the configured targets of notifications are doing. */
  notified(): Promise<readonly (DestinationState & { readonly target: string; readonly kind: Receiver['kind'] })[]>;
  /** How the configured receivers of callbacks are doing. */
  callbacks(): Promise<readonly DestinationState[]>;
};

/** Starts to send outgoing messages, and to watch for what operators are told of. */
export function startOutgoing({
  live,
  log,
  disposers,
  hashing,
  outbox,
  counter,
  countedSites,
  stored,
  findSite,
  clock,
  refused,
  sharedCounts,
  causeOf,
}: Pick<
  Services,
  'findSite' | 'live' | 'stored' | 'log' | 'disposers' | 'hashing' | 'outbox' | 'clock' | 'refused' | 'sharedCounts'
> & {
  /** Counts what is sent, and faults of the storage. */
  readonly counter: EventCounter;
  /** Sites whose daily count changed (`Tallies`). */
  readonly countedSites: Set<string>;
  /** Why the last call to an endpoint failed. */
  readonly causeOf: (endpoint: string) => string | undefined;
}): RunningOutgoing {
  const settings = () => live.current().notifications;
  const callbacks = derived(live.own, callbacksOf);
  const receivers = derived(
    live.current,
    (current): ReadonlyMap<string, Receiver> =>
      new Map([
        ...[...(current.notifications?.targets ?? [])].map(([name, { receiver }]): [string, Receiver] => [
          destinationOf(name),
          receiver,
        ]),
        ...callbacks().map(({ subscriber, receiver }): [string, Receiver] => [subscriber.destination, receiver]),
      ]),
  );
  const sender = createSender({ allowed: (host) => live.current().privateHosts.has(host), now: clock.now });
  const report = (sent: SendReport): void => {
    counter.outgoing(sent);
    if (sent.result !== 'dropped') monitor.sent(sent.destination, sent.result === 'delivered');
    if (sent.result === 'delivered') log.info({ event: 'outgoing', ...sent }, 'outgoing message');
    else log.warn({ event: 'outgoing', ...sent }, 'outgoing message');
  };
  const onFault = (err: unknown): void => {
    counter.storageFault();
    log.error({ event: 'outgoing_fault', err }, 'outgoing messages cannot be read or stored');
  };
  const worker = createOutgoingWorker({
    queue: outbox,
    sender,
    receiverOf: (destination) => receivers().get(destination) ?? storedReceiver(destination, live, stored),
    active: () => receivers().size > 0 || stored.state().callbacks,
    scheduleS(destination) {
      const { scheduleS } = live.current().retry;
      if (destination.startsWith(CALLBACK)) return scheduleS;
      return scheduleS.map((delayS) => Math.min(delayS, LONGEST_DELAY_S));
    },
    report,
    onFault,
    clock,
    random: Math.random,
  });
  const monitor = createMonitor({
    store: outbox,
    settings,
    sites: countedSites,
    settingsRefusedSince: () => refused()?.since,
    limitsLocalSince: () => sharedCounts?.localSince(),
    causeOf,
    async siteUse(site) {
      const count = await outbox.counted(hashing.siteCap(site), clock.now());
      await stored.sites.find(site);
      return { count, max: live.dailyMax(site).site };
    },
    siteNews: () => readSiteNews(outbox, findSite, clock.now()),
    async sendNow({ receiver, name }, message) {
      const sent = await sender.send(receiver, message);
      const destination = destinationOf(name);
      report({
        destination,
        message: message.id,
        count: 1,
        ...(sent.kind === 'failed' ? { result: 'failed', failure: sent.failure } : { result: 'delivered' }),
      });
      return sent;
    },
    onStored: worker.kick,
    onFault,
    newId: newMessageId,
    host: hostname(),
    clock,
  });
  disposers.add(() => sender.close());
  disposers.add(() => worker.stop());
  disposers.add(() => monitor.stop());
  const subscribing = createLoop({
    async step() {
      await outbox.subscribe(callbacks().map(({ subscriber }) => subscriber));
      return Number.POSITIVE_INFINITY;
    },
    onFault,
    clock,
  });
  disposers.add(() => subscribing.stop());
  subscribing.start();
  worker.start();
  monitor.start();

  const states = async (): Promise<(destination: string) => DestinationState> => {
    const known = new Map((await outbox.destinationStates()).map((state) => [state.destination, state]));
    return (destination) => known.get(destination) ?? { destination, waiting: 0 };
  };

  return {
    monitor,
    send: worker.kick,
    refresh() {
      subscribing.kick();
      worker.kick();
      monitor.kick();
    },
    async notified() {
      const state = await states();
      return [...(settings()?.targets ?? [])].map(([target, { receiver }]) => ({
        ...state(destinationOf(target)),
        target,
        kind: receiver.kind,
      }));
    },
    async callbacks() {
      const known = await outbox.destinationStates();
      const own = new Set(callbacks().map(({ subscriber }) => subscriber.destination));
      // Of the store those that have had messages: a store may have 100,000 receivers.
      const others = known.filter(({ destination }) => destination.startsWith(CALLBACK) && !own.has(destination));
      const states = new Map(known.map((state) => [state.destination, state]));
      return [
        ...[...own].map((destination) => states.get(destination) ?? { destination, waiting: 0 }),
        ...others.slice(0, CALLBACKS_SHOWN),
      ];
    },
  };
}

/** The beginning of the destinations of callbacks; the group, the name and the place in the list follow. */
const CALLBACK = 'callback:';

type Callback = { readonly subscriber: Subscriber; readonly receiver: WebhookReceiver };

/** Receivers of stored entries that operators are shown. */
const CALLBACKS_SHOWN = 1_000;

/** The receiver of a callback of a stored site or partner; `undefined` if it has none there. */
function storedReceiver(
  destination: string,
  live: Services['live'],
  { sites }: Services['stored'],
): WebhookReceiver | undefined | Promise<WebhookReceiver | undefined> {
  const [, group, key, place] = /^callback:(site|partner):([^:]+):(\d+)$/.exec(destination) ?? [];
  if (key === undefined) return undefined;
  const of = (entry: { readonly callbacks?: readonly WebhookReceiver[] } | undefined) =>
    entry?.callbacks?.[Number(place) - 1];
  if (group === 'partner') return of(live.current().partners.get(key));
  const site = sites.find(key);
  return site instanceof Promise ? site.then(of) : of(site);
}

/** All receivers of callbacks of the file, each with the partner or site of its leads. */
function callbacksOf({ partners, sites }: Pick<Settings, 'partners' | 'sites'>): readonly Callback[] {
  const of = (group: 'partner' | 'site', entries: ReadonlyMap<string, { callbacks?: readonly WebhookReceiver[] }>) =>
    [...entries].flatMap(([name, { callbacks = [] }]) =>
      callbacks.map((receiver, index): Callback => {
        const destination = `${CALLBACK}${group}:${name}:${index + 1}`;
        return {
          receiver,
          subscriber: group === 'partner' ? { destination, partner: name } : { destination, site: name },
        };
      }),
    );
  return [...of('partner', partners), ...of('site', sites)];
}

/** An id that is unique among all messages, for `webhook-id`. */
export function newMessageId(): string {
  return `msg_${randomBytes(16).toString('base64url')}`;
}
