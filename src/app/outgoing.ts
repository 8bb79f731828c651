import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { EventCounter } from '../admin/metrics.ts';
import type { DestinationState } from '../domain/ports/outgoing-queue.ts';
import type { Receiver, SendReport } from '../domain/receiver.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { createMonitor, type Monitor } from '../outgoing/monitor.ts';
import { destinationOf } from '../outgoing/texts.ts';
import { createOutgoingWorker } from '../outgoing/worker.ts';
import { createSender } from '../senders/sender.ts';
import type { Services } from './services.ts';

/** A delay between two tries for an operator; a notification that comes hours later is of little use. */
const LONGEST_DELAY_S = 600;

export type RunningOutgoing = {
  readonly monitor: Monitor;
  /** Applies settings that were replaced. */
  refresh(): void;
  /** How the configured targets are doing. */
  states(): Promise<readonly (DestinationState & { readonly target: string; readonly kind: Receiver['kind'] })[]>;
};

/** Starts to send outgoing messages, and to watch for what operators are told of. */
export function startOutgoing({
  live,
  log,
  disposers,
  hashing,
  outbox,
  events,
}: Pick<Services, 'live' | 'log' | 'disposers' | 'hashing' | 'outbox' | 'events'>): RunningOutgoing {
  const settings = () => live.current().notifications;
  const receivers = (): ReadonlyMap<string, Receiver> =>
    new Map([...(settings()?.targets ?? [])].map(([name, { receiver }]) => [destinationOf(name), receiver]));
  const sender = createSender({ allowed: (host) => live.current().privateHosts.has(host), now: clock.now });
  const report = (sent: SendReport): void => {
    events.outgoing(sent);
    if (sent.result === 'delivered') log.info({ event: 'outgoing', ...sent }, 'outgoing message');
    else log.warn({ event: 'outgoing', ...sent }, 'outgoing message');
  };
  const onFault = (err: unknown): void => {
    events.storageFault();
    log.error({ event: 'outgoing_fault', err }, 'outgoing messages cannot be read or stored');
  };
  const worker = createOutgoingWorker({
    queue: outbox,
    sender,
    receiverOf: (destination) => receivers().get(destination),
    active: () => receivers().size > 0,
    scheduleS: () => live.current().retry.scheduleS.map((delayS) => Math.min(delayS, LONGEST_DELAY_S)),
    report,
    onFault,
    clock,
    random: Math.random,
  });
  const monitor = createMonitor({
    store: outbox,
    settings,
    siteUse: async (site) => ({
      count: await outbox.counted(hashing.siteCap(site), clock.now()),
      max: live.dailyMax(site).site,
    }),
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
  worker.start();
  monitor.start();

  return {
    monitor,
    refresh() {
      worker.kick();
      monitor.kick();
    },
    async states() {
      const known = new Map((await outbox.destinationStates()).map((state) => [state.destination, state]));
      return [...(settings()?.targets ?? [])].map(([target, { receiver }]) => {
        const destination = destinationOf(target);
        return { destination, waiting: 0, ...known.get(destination), target, kind: receiver.kind };
      });
    },
  };
}

/** An id that is unique among all messages, for `webhook-id`. */
export function newMessageId(): string {
  return `msg_${randomBytes(16).toString('base64url')}`;
}

/** Counts events, and lets the monitor look when an operator may have to be told of one. */
export function watchedEvents(counter: EventCounter, monitor: Monitor): EventCounter {
  return {
    ...counter,
    attempt(report) {
      counter.attempt(report);
      const status = report.settled?.conversation.status;
      if (status === 'parked' || status === 'unknown') monitor.kick();
    },
    conversation(status, site) {
      counter.conversation(status, site);
      monitor.lead(site);
      if (status === 'held') monitor.kick();
    },
    capPressure(pressure, site) {
      counter.capPressure(pressure, site);
      monitor.lead(site);
      monitor.kick();
    },
    storageFault() {
      counter.storageFault();
      monitor.storageFault();
    },
  };
}
