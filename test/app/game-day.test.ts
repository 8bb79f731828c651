import { renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import t, { type Test } from 'tap';
import { phoneOf } from '../support/caller.ts';
import { storedLeads } from '../support/database.ts';
import { NO_PROMTOOL } from '../support/game-day/alerts.ts';
import { gameDay } from '../support/game-day/world.ts';
import { NO_REDIS, startRedis } from '../support/redis.ts';

t.setTimeout(300_000);

/** What tells of a fault within a minute, and of its end. */
type Story = {
  /** The line of the log that tells of it, and the one that tells of the end. */
  readonly line: RegExp;
  readonly over: RegExp;
  /** Captures the value of a metric, which is a counter, or a gauge that is the same before and after the fault. */
  readonly metric: RegExp;
  readonly counter?: true;
  readonly doctor: RegExp;
  readonly code: 0 | 1 | 2;
  readonly headline: RegExp;
  readonly condition: string;
  /** Seconds until a notification comes, where that is not within a minute by its own rule. */
  readonly toldAfterS?: number;
  /** Seconds until all is clear, where that is not within a minute. */
  readonly clearAfterS?: number;
  /** The alert, and after how many minutes of the fault it fires. */
  readonly alert: string;
  readonly alertMinutes: number;
  /** Minutes for which it fires after the end, since it looks at what happened within a time. */
  readonly alertLingers?: number;
};

type World = Awaited<ReturnType<typeof gameDay>>;

/** Lets a fault last, and looks at everything that an operator can look at. */
async function act(
  t: Test,
  world: World,
  story: Story,
  { begin, end, each }: { begin: () => Promise<unknown>; end: () => Promise<unknown>; each?: () => Promise<unknown> },
): Promise<void> {
  const { pass, told, lines, alerts } = world;
  const wrote = (from: number, wanted: RegExp) => lines.slice(from).some((line) => wanted.test(JSON.stringify(line)));
  const value = () => Number(story.metric.exec(world.metrics())?.[1] ?? 0);
  const before = value();
  const began = lines.length;
  await begin();
  await pass(60, each);
  t.ok(wrote(began, story.line), 'the log tells of it');
  t.ok(story.counter ? value() > before : value() !== before, 'the metric tells of it');
  t.match(await world.doctor(), { code: story.code, out: story.doctor }, 'doctor');
  t.match(await world.headline(), story.headline, 'the overview');
  const { toldAfterS = 60, alertMinutes, alertLingers = 0 } = story;
  await pass(toldAfterS - 60, each);
  t.strictSame(told(), [`raised ${story.condition}`], 'one notification');
  const left = alertMinutes * 60 - toldAfterS + 30;
  if (left > 0) await pass(left, each);
  alerts.expect(story.alert);
  t.strictSame(told(), [], 'and no second one');

  const ended = lines.length;
  await end();
  const { clearAfterS = 60 } = story;
  await pass(clearAfterS - 15);
  const after = value();
  await pass(15);
  t.ok(wrote(ended, story.over), 'the log tells of its end');
  t.equal(value(), story.counter ? after : before, 'the metric tells of its end');
  t.match(await world.doctor(), { code: 0, out: 'All leads flow.\n' });
  t.equal(await world.headline(), 'All leads flow.');
  t.strictSame(told(), [`cleared ${story.condition}`]);
  await world.again();
  if (alertLingers > 0) await pass(alertLingers * 60);
  alerts.expect();
  t.strictSame(told(), []);
}

t.test(
  'a game day: each fault is told everywhere within a minute, all is clear afterwards, and no lead is lost',
  async (t) => {
    const redis = NO_REDIS ? undefined : await startRedis(t);
    const world = await gameDay(t, redis?.url);
    const { provider, files, config, pass, alerts, logged, lines } = world;
    const write = (file: string, text: string): void => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    };
    await pass(60);
    t.strictSame(world.told(), []);
    t.equal(await world.headline(), 'All leads flow.');
    alerts.expect();

    await t.test('the provider is down', (t) =>
      act(
        t,
        world,
        {
          line: /"event":"breaker".*"state":"open"/,
          over: /"event":"breaker".*"state":"closed"/,
          metric: /^tcg_breaker_state\{endpoint="http:\/\/127\.0\.0\.1:\d+"\} (\d)$/m,
          code: 2,
          doctor: /^ALARM {2}The provider at http:\S+ takes no leads: it answers HTTP 503\. Its leads wait\./,
          headline: /^The provider at http:\S+ takes no leads: it answers HTTP 503\./,
          condition: `breaker_open:${new URL(provider.simulator.endpoint).origin}`,
          toldAfterS: 90,
          alert: 'ProviderUnreachable',
          alertMinutes: 5.5,
        },
        { begin: () => provider.answer('503'), end: () => provider.answer('delivered') },
      ),
    );

    await t.test('the credentials are revoked', (t) =>
      act(
        t,
        world,
        {
          line: /"event":"provider_parked"/,
          over: /"event":"provider_released"/,
          metric: /^tcg_providers_parked\{provider="main"\} (\d)$/m,
          code: 2,
          doctor:
            /^ALARM {2}The provider refuses the credentials of the account main, and \d+ leads wait; the provider answers “invalid provider credentials”\./,
          headline: /^The provider refuses the credentials of the account main/,
          condition: 'provider_parked:main',
          alert: 'ProviderParked',
          alertMinutes: 0.5,
        },
        {
          begin: () => provider.accept('the next password'),
          end: async () => write(files.password, 'the next password'),
        },
      ),
    );

    await t.test('the disk is full', async (t) => {
      let makeRoom = (): void => undefined;
      await act(
        t,
        world,
        {
          line: /"event":"request_fault".*"database or disk is full"/,
          over: /"event":"attempt".*"status":"delivered"/,
          metric: /^tcg_storage_faults_total (\d+)$/m,
          counter: true,
          code: 2,
          doctor: /^ALARM {2}The storage fails, and new leads are answered 503: .*database or disk is full/,
          headline: /^The storage fails.*database or disk is full/,
          condition: `storage_failing:${hostname()}`,
          alert: 'StorageFails',
          alertMinutes: 2.5,
          alertLingers: 5,
        },
        {
          async begin() {
            makeRoom = world.disk.fill();
            for (let n = 0; n < 5_000 && (await world.send()) !== 503; n += 1);
          },
          end: async () => makeRoom(),
        },
      );
    });

    await t.test('Redis is gone', { skip: NO_REDIS }, (t) =>
      act(
        t,
        world,
        {
          line: /"event":"limits_local"/,
          over: /"event":"limits_shared"/,
          metric: /^tcg_limits_shared (\d)$/m,
          code: 1,
          doctor: /^WARNING {2}Redis is unreachable/,
          headline: /^Leads flow\. Redis is unreachable/,
          condition: 'limits_local',
          alert: 'LimitsNotShared',
          alertMinutes: 5,
        },
        {
          async begin() {
            const from = lines.length;
            await redis?.stop();
            await logged('limits_local', from);
          },
          async end() {
            const from = lines.length;
            await redis?.start();
            await logged('limits_shared', from, 1_000);
          },
        },
      ),
    );

    let bursts = 0;
    await t.test('more leads come than can be taken', (t) =>
      act(
        t,
        world,
        {
          line: /"event":"overloaded"/,
          over: /"event":"overload_over"/,
          metric: /^tcg_shed_total\{reason="event_loop"\} (\d+)$/m,
          counter: true,
          clearAfterS: 75,
          code: 2,
          doctor:
            /^ALARM {2}1 of 1 process has more requests than can be taken, and a part of the requests is answered 503\./,
          headline: /^1 of 1 process has more requests than can be taken/,
          condition: 'overloaded:event_loop',
          toldAfterS: 75,
          alert: 'Overloaded',
          alertMinutes: 5.5,
          alertLingers: 5,
        },
        {
          async begin() {
            world.clock.slowDown(20);
            await world.burst();
          },
          // A burst in each half minute: what is refused then counts as one overload.
          each: async () => (bursts++ % 2 === 1 ? world.burst() : undefined),
          end: async () => world.clock.slowDown(0),
        },
      ),
    );

    await t.test('the configuration file is bad', (t) =>
      act(
        t,
        world,
        {
          line: /"event":"settings_refused"/,
          over: /"event":"settings_mended"/,
          metric: /^tcg_settings_refused (\d)$/m,
          code: 1,
          doctor: /^WARNING {2}The settings on disk have mistakes; the previous settings are in use\./,
          headline: /^Leads flow\. The settings on disk have mistakes/,
          condition: 'settings_refused',
          alert: 'SettingsRefused',
          alertMinutes: 5,
        },
        {
          begin: async () => write(files.config, config.replace('"origins"', '"orgins"')),
          end: async () => write(files.config, config),
        },
      ),
    );

    t.ok(world.replayed() > 0, 'replays that were refused are answered from their leads afterwards');
    await pass(60);
    t.equal(NO_PROMTOOL ? '' : alerts.evaluate(t.testdir()), '', 'the alerts fired as expected');
    await world.close();
    const stored = storedLeads(world.database);
    t.strictSame([...new Set(stored.map(({ status }) => status))], ['delivered'], 'every lead is final');
    t.equal(stored.length, world.acknowledged.size);
    const calls = await provider.byPhone();
    t.strictSame(Object.keys(calls).sort(), [...world.acknowledged.keys()].map(phoneOf).sort());
    t.ok(
      Object.values(calls).every(({ got }) => got === 1),
      'the provider has each lead once',
    );
  },
);
