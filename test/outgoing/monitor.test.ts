import t, { type Test } from 'tap';
import type { SiteNews } from '../../src/admin/site-news.ts';
import { CONDITION_KINDS, type Notifications, type NotificationTarget } from '../../src/domain/notification.ts';
import { type Outbox, StorageUnavailable } from '../../src/domain/ports/outbox.ts';
import type { OutgoingMessage } from '../../src/domain/ports/outgoing-queue.ts';
import type { SendResult } from '../../src/domain/receiver.ts';
import { createMonitor, type Monitor } from '../../src/outgoing/monitor.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { leased, newLead, sqliteOutbox } from '../support/outbox.ts';

const NOON = Date.UTC(2026, 10, 28, 12);
const MINUTE = 60_000;

const target = (name: string, changes: Partial<NotificationTarget> = {}): [string, NotificationTarget] => [
  name,
  {
    name,
    receiver: { kind: 'webhook', url: 'https://hooks.example/', secrets: [] },
    conditions: new Set(CONDITION_KINDS),
    ...changes,
  },
];

const notifications = (...targets: [string, NotificationTarget][]): Notifications => ({
  name: 'test',
  targets: new Map(targets.length === 0 ? [target('ops')] : targets),
  breakerMinutes: 5,
  waiting: { parked: 1, unknown: 2, held: 1 },
  capPercent: 80,
  remindHours: 24,
});

const QUIET: SiteNews = { silent: [], refused: [] };

type Told = { readonly target: string; readonly type: string; readonly condition: string; readonly text: string };

/** Monitors of some processes over one store; `told` gives the messages since the last call, in the order of storing. */
async function watching(
  t: Test,
  settings: Notifications,
  { processes = 1, counts = {} as Record<string, number>, clock = manualClock(NOON), news = QUIET } = {},
): Promise<{
  clock: ManualClock;
  outbox: Outbox;
  monitors: Monitor[];
  told(): Promise<Told[]>;
  storage: { fails: boolean };
  direct: Told[];
}> {
  const open = sqliteOutbox(t);
  const outbox = open();
  const storage = { fails: false };
  const direct: Told[] = [];
  let ids = 0;
  const monitors = Array.from({ length: processes }, (_, n) => {
    const own = open({ owner: `process-${n}` });
    const store = new Proxy(own, {
      get: (real, name) =>
        storage.fails ? () => Promise.reject(new StorageUnavailable('away')) : Reflect.get(real, name),
    });
    const monitor = createMonitor({
      store,
      settings: () => settings,
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
      await own.close();
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
    storage,
    direct,
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

const brief = (told: readonly Told[]): string[] =>
  told.map(({ target, type, condition }) => `${target} ${type} ${condition}`);

async function park(outbox: Outbox, now: number): Promise<void> {
  for (let n = 0; n < 3; n += 1)
    await outbox.settle(
      await leased(outbox, now),
      {
        status: 'queued',
        dueAt: now + 1,
        attempted: true,
        credentials: 'refused',
        account: { credentials: 'c', target: 'a' },
      },
      now,
    );
}

t.test('three processes tell once that an account is parked, and once that it works again', async (t) => {
  const { clock, outbox, monitors, told } = await watching(t, notifications(target('ops'), target('chat')), {
    processes: 3,
  });
  t.strictSame(await told(), []);
  await park(outbox, NOON);
  for (const monitor of monitors) monitor.kick();
  await clock.advance(1_000);
  const raised = await told();
  t.strictSame(brief(raised), ['chat raised provider_parked:default', 'ops raised provider_parked:default']);
  t.match(raised[0]?.text, /^\[test\] The provider account default is parked since 2026-11-28T12:00:00\.000Z\.\n/);
  await clock.advance(60 * MINUTE);
  t.strictSame(await told(), [], 'nothing more while it goes on');
  await outbox.unpark('default', clock.now());
  await outbox.releaseWaiting('default', 10, clock.now());
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['chat cleared provider_parked:default', 'ops cleared provider_parked:default']);
});

t.test(
  'a breaker is told once it is open for five minutes in any process, until no process sees it open',
  async (t) => {
    const { clock, monitors, told } = await watching(t, notifications(), { processes: 2 });
    const [first, second] = monitors;
    first?.breaker('https://na.example', 'open');
    await clock.advance(4 * MINUTE);
    second?.breaker('https://na.example', 'open');
    first?.breaker('https://na.example', 'half_open');
    await clock.advance(MINUTE - 1);
    t.strictSame(await told(), []);
    await clock.advance(15_001);
    t.strictSame(brief(await told()), ['ops raised breaker_open:https://na.example']);
    first?.breaker('https://na.example', 'closed');
    await clock.advance(10 * MINUTE);
    t.strictSame(await told(), [], 'the second one still sees it open');
    second?.breaker('https://na.example', 'closed');
    await clock.advance(15_000);
    t.strictSame(brief(await told()), ['ops cleared breaker_open:https://na.example']);
  },
);

t.test('an account that refuses every lead is told at once, until a lead is taken again', async (t) => {
  const { clock, monitors, told } = await watching(t, notifications());
  monitors[0]?.refusals('main', true);
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops raised leads_refused:main']);
  monitors[0]?.refusals('main', false);
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops cleared leads_refused:main']);
});

t.test(
  'an overload is told once for all processes, and is over when the last of them takes all requests again',
  async (t) => {
    const { clock, monitors, told } = await watching(t, notifications(), { processes: 2 });
    for (const monitor of monitors) monitor.overloaded(true);
    await clock.advance(15_000);
    t.strictSame(brief(await told()), ['ops raised overloaded']);
    monitors[0]?.overloaded(false);
    await clock.advance(15_000);
    t.strictSame(await told(), []);
    monitors[1]?.overloaded(false);
    await clock.advance(15_000);
    t.strictSame(brief(await told()), ['ops cleared overloaded']);
  },
);

t.test(
  'a site that fell silent and a page that is refused are told once, with the change that admits it',
  async (t) => {
    const news: { silent: SiteNews['silent']; refused: SiteNews['refused'] } = { silent: [], refused: [] };
    const { clock, told } = await watching(t, notifications(), { processes: 2, news });
    news.silent = [{ site: 'dealer', since: NOON - 50 * MINUTE, missed: 30 }];
    news.refused = [{ site: 'shop', origin: 'https://new.example', count: 40 }];
    await clock.advance(15_000);
    const raised = (await told()).sort((one, two) => (one.condition < two.condition ? -1 : 1));
    t.strictSame(brief(raised), ['ops raised origin_refused:shop', 'ops raised site_silent:dealer']);
    t.match(raised[0]?.text, /https:\/\/new\.example .*: 40\.\n.*add "https:\/\/new\.example" to sites\.shop\.origins/);
    t.match(raised[1]?.text, /dealer sends nothing since 2026-11-28T11:10:00\.000Z\.\nIt usually sends about 30 leads/);
    news.refused = [{ site: 'shop', origin: 'https://new.example', count: 80 }];
    news.silent = [];
    await clock.advance(15_000);
    t.strictSame(brief(await told()), ['ops cleared site_silent:dealer']);
  },
);

t.test('a breaker that only a dead process saw open is cleared', async (t) => {
  const { clock, monitors, told } = await watching(t, notifications(), { processes: 2 });
  monitors[0]?.breaker('https://na.example', 'open');
  await clock.advance(6 * MINUTE);
  t.strictSame(brief(await told()), ['ops raised breaker_open:https://na.example']);
  await monitors[0]?.stop();
  await clock.advance(2 * MINUTE);
  t.strictSame(brief(await told()), ['ops cleared breaker_open:https://na.example']);
});

t.test('leads that wait for a person are told from their number on, with no personal data', async (t) => {
  const { clock, outbox, told } = await watching(t, notifications());
  const settle = async (status: 'parked' | 'unknown') =>
    outbox.settle(await leased(outbox, NOON), { status, cause: 'refused', attempted: true }, NOON);
  await settle('parked');
  await settle('unknown');
  await outbox.accept(newLead({ start: { kind: 'held' } }), NOON);
  await clock.advance(15_000);
  const raised = await told();
  t.strictSame(brief(raised).sort(), ['ops raised leads_held', 'ops raised leads_parked']);
  t.notMatch(JSON.stringify(raised), /404|555|cnv_/);
  await settle('unknown');
  await clock.advance(15_000);
  const [unknown] = await told();
  t.match(unknown, { condition: 'leads_unknown', text: /^\[test\] Leads have an unknown outcome: 2\.\n/ });
  await outbox.requeue({}, 10, { at: NOON, actor: 'cli:ann', action: 'release', count: 0, detail: '' });
  await clock.advance(15_000);
  t.strictSame(brief(await told()).sort(), [
    'ops cleared leads_held',
    'ops cleared leads_parked',
    'ops cleared leads_unknown',
  ]);
});

t.test('leads that are parked with their account are told as the account alone', async (t) => {
  const { clock, outbox, told } = await watching(t, notifications());
  await park(outbox, NOON);
  await outbox.parkQueued('default', 10, NOON);
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops raised provider_parked:default']);
});

t.test('a site near its daily cap is told, and all is clear on the next day', async (t) => {
  const counts: Record<string, number> = { motors: 79 };
  const { clock, monitors, told } = await watching(t, notifications(), { counts });
  monitors[0]?.lead('motors');
  await clock.advance(15_000);
  t.strictSame(await told(), []);
  counts.motors = 80;
  monitors[0]?.lead('motors');
  await clock.advance(15_000);
  t.match(await told(), [{ type: 'raised', condition: 'site_cap:motors', text: /took 80 leads/ }]);
  counts.motors = 0;
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops cleared site_cap:motors']);
});

t.test('a target is reminded after the configured time, and told only of what it asked for', async (t) => {
  const few = { conditions: new Set(['storage_failing'] as const) };
  const { clock, outbox, told } = await watching(t, {
    ...notifications(target('ops'), target('few', few)),
    remindHours: 2,
  });
  await park(outbox, NOON);
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops raised provider_parked:default']);
  await clock.advance(119 * MINUTE);
  t.strictSame(await told(), []);
  await clock.advance(2 * MINUTE);
  const [reminder, ...more] = await told();
  t.match(reminder, { type: 'reminder', text: /^\[test\] Reminder: The provider account default is parked since / });
  t.strictSame(more, []);
});

t.test(
  'in its quiet time a target is told of urgent conditions only, and afterwards of what still holds',
  async (t) => {
    const quiet = { from: 11 * 60, to: 14 * 60, timeZone: 'UTC', urgentPasses: true };
    const never = { ...quiet, urgentPasses: false };
    const { clock, outbox, told } = await watching(
      t,
      notifications(target('ops', { quiet }), target('calm', { quiet: never })),
    );
    await park(outbox, NOON);
    await outbox.accept(newLead({ start: { kind: 'held' } }), NOON);
    await clock.advance(MINUTE);
    t.strictSame(brief(await told()), ['ops raised provider_parked:default']);
    await outbox.unpark('default', clock.now());
    await outbox.releaseWaiting('default', 10, clock.now());
    await clock.advance(MINUTE);
    t.strictSame(brief(await told()), ['ops cleared provider_parked:default']);
    await clock.advance(120 * MINUTE);
    t.strictSame(brief(await told()), ['calm raised leads_held', 'ops raised leads_held']);
  },
);

t.test('a storage that fails is told directly and once, and the all-clear is stored', async (t) => {
  const { clock, monitors, told, storage, direct } = await watching(t, notifications());
  storage.fails = true;
  monitors[0]?.storageFault();
  await clock.advance(29_000);
  t.strictSame(direct, [], 'a short fault is not told');
  await clock.advance(5 * MINUTE);
  t.strictSame(brief(direct), ['ops raised storage_failing:host-1']);
  storage.fails = false;
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops cleared storage_failing:host-1']);
  await clock.advance(MINUTE);
  t.strictSame(await told(), []);
});

t.test('a fault that is over when it is looked at is not told', async (t) => {
  const { clock, monitors, told, direct } = await watching(t, notifications());
  for (let n = 0; n < 20; n += 1) {
    monitors[0]?.storageFault();
    await clock.advance(5_000);
  }
  t.strictSame([...direct, ...(await told())], []);
});
