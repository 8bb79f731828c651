import type { Test } from 'tap';
import type { SiteNews } from '../../src/admin/site-news.ts';
import { CONDITION_KINDS, type Notifications, type NotificationTarget } from '../../src/domain/notification.ts';
import { type Outbox, StorageUnavailable } from '../../src/domain/ports/outbox.ts';
import type { OutgoingMessage } from '../../src/domain/ports/outgoing-queue.ts';
import type { SendResult } from '../../src/domain/receiver.ts';
import { createMonitor, type Monitor } from '../../src/outgoing/monitor.ts';
import { type ManualClock, manualClock } from './clock.ts';
import { sqliteOutbox } from './outbox.ts';

export const NOON = Date.UTC(2026, 10, 28, 12);
export const MINUTE = 60_000;

export const target = (name: string, changes: Partial<NotificationTarget> = {}): [string, NotificationTarget] => [
  name,
  {
    name,
    receiver: { kind: 'webhook', url: 'https://hooks.example/', secrets: [] },
    conditions: new Set(CONDITION_KINDS),
    ...changes,
  },
];

export const notifications = (...targets: [string, NotificationTarget][]): Notifications => ({
  name: 'test',
  targets: new Map(targets.length === 0 ? [target('ops')] : targets),
  breakerMinutes: 5,
  waitMinutes: 15,
  waiting: { parked: 1, unknown: 2, held: 1 },
  capPercent: 80,
  remindHours: 24,
});

const QUIET: SiteNews = { silent: [], refused: [] };

type Told = { readonly target: string; readonly type: string; readonly condition: string; readonly text: string };

/** Monitors of some processes over one store; `told` gives the messages since the last call, in the order of storing. */
export async function watching(
  t: Test,
  settings: Notifications,
  { processes = 1, counts = {} as Record<string, number>, clock = manualClock(NOON), news = QUIET } = {},
): Promise<{
  clock: ManualClock;
  outbox: Outbox;
  monitors: Monitor[];
  /** Sites whose daily count changed. */
  sites: Set<string>;
  told(): Promise<Told[]>;
  storage: { fails: boolean };
  direct: Told[];
  own: { settings?: number | undefined; limits?: number | undefined };
}> {
  const open = sqliteOutbox(t);
  const outbox = open();
  const sites = new Set<string>();
  const storage = { fails: false };
  const direct: Told[] = [];
  /** Since when the settings are refused, and rate limits counted without Redis. */
  const own: { settings?: number | undefined; limits?: number | undefined } = {};
  let ids = 0;
  const monitors = Array.from({ length: processes }, (_, n) => {
    const opened = open({ owner: `process-${n}` });
    const store = new Proxy(opened, {
      get: (real, name) =>
        storage.fails ? () => Promise.reject(new StorageUnavailable('away')) : Reflect.get(real, name),
    });
    const monitor = createMonitor({
      store,
      sites,
      settings: () => settings,
      settingsRefusedSince: () => own.settings,
      limitsLocalSince: () => own.limits,
      causeOf: () => 'http_500',
      siteUse: async (site) => ({ count: counts[site] ?? 0, max: 100 }),
      siteNews: async () => news,
      async sendNow(_target, sent): Promise<SendResult> {
        direct.push(toldOf(sent));
        return { kind: 'delivered' };
      },
      onStored: () => undefined,
      onFault: () => undefined,
      newId: () => `msg_${++ids}`,
      host: 'host-1',
      clock,
    });
    t.teardown(async () => {
      await monitor.stop();
      await opened.close();
    });
    monitor.start();
    return monitor;
  });
  t.teardown(() => outbox.close());
  await clock.settle();
  return {
    clock,
    outbox,
    monitors,
    sites,
    storage,
    direct,
    own,
    async told() {
      const all: Told[] = [];
      for (const { destination } of await outbox.dueDestinations()) {
        // Messages about one condition are claimed one after the other.
        for (let claims = await outbox.claimOutgoing(destination, 50, NOON * 2); claims.length > 0; ) {
          for (const claim of claims) {
            all.push(toldOf(claim));
            await outbox.settleOutgoing(claim, { kind: 'delivered' }, NOON);
          }
          claims = await outbox.claimOutgoing(destination, 50, NOON * 2);
        }
      }
      return all;
    },
  };
}

function toldOf({ body, destination }: Pick<OutgoingMessage, 'body' | 'destination'>): Told {
  const { type, text, data } = JSON.parse(body);
  return {
    target: destination.replace('notify:', ''),
    type: type.replace('notification.', ''),
    condition: data.key,
    text,
  };
}

export const brief = (told: readonly Told[]): string[] =>
  told.map(({ target, type, condition }) => `${target} ${type} ${condition}`);
