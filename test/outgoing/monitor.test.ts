import t from 'tap';
import type { SiteNews } from '../../src/admin/site-news.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { leased, newLead } from '../support/outbox.ts';
import { brief, MINUTE, NOON, notifications, target, watching } from '../support/watching.ts';

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

/** Delivers every lead that is due. */
async function deliverAll(outbox: Outbox, now: number): Promise<void> {
  for (const { lease } of await outbox.claim({ providers: ['default'], limit: 10, now }))
    await outbox.settle(lease, { status: 'delivered', attempted: true }, now);
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
    const raised = await told();
    t.strictSame(brief(raised), ['ops raised breaker_open:https://na.example']);
    t.match(
      raised[0]?.text,
      /^\[test\] The provider at https:\/\/na\.example takes no leads since .*\nThe last call failed: it answers HTTP 500\. /,
    );
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
    for (const monitor of monitors) monitor.overloaded('connections');
    await clock.advance(15_000);
    const raised = await told();
    t.strictSame(brief(raised), ['ops raised overloaded:connections']);
    t.match(
      raised[0]?.text,
      /as many connections .*\n.*MAX_CONNECTIONS.*\nRunbook: docs\/operations\.md#there-is-too-much/,
    );
    monitors[0]?.overloaded(undefined);
    await clock.advance(15_000);
    t.strictSame(await told(), []);
    monitors[1]?.overloaded(undefined);
    await clock.advance(15_000);
    t.strictSame(brief(await told()), ['ops cleared overloaded:connections']);
  },
);

t.test('refused settings are told at once, and Redis when it is away for half a minute', async (t) => {
  const settings = { ...notifications(), consoleUrl: 'https://gateway.internal/console' };
  const { clock, own, told } = await watching(t, settings, { processes: 2 });
  own.settings = clock.now();
  await clock.advance(15_000);
  const raised = await told();
  t.strictSame(brief(raised), ['ops raised settings_refused']);
  t.match(raised[0]?.text, /\nRunbook: https:\/\/gateway\.internal\/console\/runbook#the-settings-are-refused$/);
  own.settings = undefined;
  own.limits = clock.now();
  await clock.advance(29_000);
  t.strictSame(brief(await told()), ['ops cleared settings_refused']);
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops raised limits_local']);
  own.limits = undefined;
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops cleared limits_local']);
});

t.test('the oldest queued lead is told when it waits too long for an untold reason', async (t) => {
  const { clock, outbox, monitors, told } = await watching(t, notifications());
  const lease = await leased(outbox, NOON);
  await outbox.settle(lease, { status: 'queued', dueAt: NOON + 60 * MINUTE, attempted: true }, NOON);
  await clock.advance(14 * MINUTE);
  t.strictSame(await told(), []);
  monitors[0]?.breaker('https://na.example', 'open');
  await clock.advance(2 * MINUTE);
  t.strictSame(await told(), [], 'the open breaker explains it');
  monitors[0]?.breaker('https://na.example', 'closed');
  await clock.advance(4 * MINUTE);
  t.strictSame(await told(), [], 'the leads of an outage need a while until they are sent');
  await clock.advance(MINUTE + 15_000);
  const raised = await told();
  t.strictSame(brief(raised), ['ops raised leads_wait']);
  t.match(raised[0]?.text, /The oldest of 1 queued leads waits since 2026-11-28T12:00:00\.000Z/);
  await deliverAll(outbox, NOON + 61 * MINUTE);
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops cleared leads_wait']);
});

t.test(
  'calls of which most fail for a minute are told with their figures, until the newest are answered',
  async (t) => {
    const { clock, outbox, told } = await watching(t, notifications());
    const calls = (kind: string, count: number) =>
      outbox.recordActivity(
        { version: '1', startedAt: NOON, seenAt: clock.now(), breakers: {}, settingsRefused: false },
        [{ minute: Math.floor(clock.now() / MINUTE), kind, count }],
        { forgetBefore: 0, goneBefore: 0 },
      );
    await calls('delivered', 3);
    await calls('unknown', 17);
    await clock.advance(45_000);
    t.strictSame(await told(), [], 'not at once: the first calls after an outage are few');
    await clock.advance(30_000);
    t.match(await told(), [{ condition: 'calls_failing', text: /17 of 20 of the last 15 minutes ended as unknown/ }]);
    await clock.advance(MINUTE);
    await calls('delivered', 5);
    await clock.advance(15_000);
    t.strictSame(brief(await told()), ['ops cleared calls_failing']);
  },
);

t.test('more than fifty requests an hour that a setting would admit are told, by their code', async (t) => {
  const { clock, monitors, told } = await watching(t, notifications());
  for (let n = 0; n < 60; n += 1) monitors[0]?.refused('rate_limited');
  for (let n = 0; n < 50; n += 1) monitors[0]?.refused('invalid_api_key');
  await clock.advance(15_000);
  t.strictSame(await told(), []);
  monitors[0]?.refused('invalid_api_key');
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops raised requests_refused:invalid_api_key']);
  await clock.advance(61 * MINUTE);
  t.strictSame(brief(await told()), ['ops cleared requests_refused:invalid_api_key']);
});

t.test('a receiver that takes no messages for ten minutes is told to the others', async (t) => {
  const { clock, monitors, told } = await watching(t, notifications(target('ops'), target('chat')));
  const failed = (...destinations: string[]) => {
    for (const destination of destinations) monitors[0]?.sent(destination, false);
  };
  for (let n = 0; n < 4; n += 1) failed('notify:chat', 'callback:partner:crm:1');
  monitors[0]?.sent('callback:partner:crm:1', true);
  await clock.advance(9 * MINUTE);
  t.strictSame(await told(), []);
  await clock.advance(2 * MINUTE);
  t.strictSame(brief(await told()), ['ops raised receiver_failing:notify:chat'], 'and not to itself');
  monitors[0]?.sent('notify:chat', true);
  await clock.advance(15_000);
  t.strictSame(brief(await told()), ['ops cleared receiver_failing:notify:chat']);
});

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
  const { clock, sites, told } = await watching(t, notifications(), { counts });
  sites.add('motors');
  await clock.advance(15_000);
  t.strictSame(await told(), []);
  counts.motors = 80;
  sites.add('motors');
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
    await deliverAll(outbox, clock.now());
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
