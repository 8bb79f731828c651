import t, { type Test } from 'tap';
import { createEvents, createTallies, NO_METRICS } from '../../src/admin/events.ts';
import { createSiteReporter, readSiteNews } from '../../src/admin/site-news.ts';
import { StorageUnavailable } from '../../src/domain/ports/outbox.ts';
import type { RhythmStore, SiteHour } from '../../src/domain/ports/rhythm-store.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { manualClock } from '../support/clock.ts';
import { sqliteOutbox } from '../support/outbox.ts';

const HOUR = 3_600_000;
const WEEK = 168;
const FIRST = 2_900 * WEEK;
const SITES = new Map([
  ['dealer', { country: 'US', origins: new Set(['https://dealer.example']) }],
  ['other', { country: 'US', origins: '*' as const }],
]);
const site = (key: string) => SITES.get(key);

/** The events of a process, and what they count. */
function counting(clock: Clock) {
  const tallies = createTallies();
  const monitor = { kick() {}, refused() {}, storageFault() {} };
  const callbacks = { hasCallbacks: () => false, sendCallbacks() {} };
  const parts = { counter: NO_METRICS, tallies, monitor, ...callbacks, onFailedCall() {}, clock };
  return { tallies, events: createEvents(parts) };
}

t.test(
  'leads are added once a minute by hour, with their country and the minutes in which a process ran',
  async (t) => {
    const clock = manualClock(FIRST * HOUR);
    const added: SiteHour[] = [];
    const storage = { fails: false };
    const store: Pick<RhythmStore, 'addSiteHours' | 'learnSiteHours'> = {
      async addSiteHours(hours) {
        if (storage.fails) throw new StorageUnavailable('away');
        added.push(...hours);
      },
      learnSiteHours: async () => 0,
    };
    const { tallies, events } = counting(clock);
    const reporter = createSiteReporter({ store, tallies, site, clock });
    reporter.start();
    for (const key of ['dealer', 'dealer', 'other', 'removed']) events.conversation('delivered', key);
    t.strictSame(added, [], 'a lead costs no write');
    await clock.advance(60_000);
    const counts = () => added.splice(0).map(({ site: name, count }) => `${name} ${count}`);
    t.strictSame(counts(), ['dealer 2', 'other 1', 'removed 1', '*ran 1', '*US 3']);
    storage.fails = true;
    events.conversation('delivered', 'dealer');
    await clock.advance(60_000);
    storage.fails = false;
    await clock.advance(60_000);
    t.strictSame(counts(), ['dealer 1', '*ran 1', '*US 1'], 'counts are kept, and the minute of the fault did not run');
    events.conversation('delivered', 'other');
    await reporter.stop();
    t.strictSame(counts(), ['other 1', '*ran 1', '*US 1']);
    t.equal(clock.next(), undefined);
  },
);

t.test('many sites are written in parts, of which those that fail are kept, and learnt with pauses', async (t) => {
  const clock = manualClock(FIRST * HOUR);
  const parts: number[] = [];
  let learnt = 0;
  let fails = false;
  const { tallies, events } = counting(clock);
  const reporter = createSiteReporter({
    tallies,
    store: {
      async addSiteHours(hours) {
        if (fails && parts.length > 0) throw new StorageUnavailable('away');
        parts.push(hours.filter(({ site: key }) => !key.startsWith('*')).length);
      },
      async learnSiteHours() {
        learnt += 1;
        return 100;
      },
    },
    site,
    clock,
  });
  reporter.start();
  for (let n = 0; n < 2_500; n += 1) events.conversation('delivered', `site-${n}`);
  fails = true;
  await clock.advance(60_000);
  t.strictSame(parts.splice(0), [1_000]);
  fails = false;
  await clock.advance(60_000);
  t.strictSame(parts, [1_000, 500]);
  t.equal(learnt, 1);
  await clock.advance(100);
  t.equal(learnt, 6, 'every 20 ms');
  await reporter.stop();
  t.equal(clock.next(), undefined, 'a stop does not wait for the next pause');
});

/** Five weeks in which both sites send ten leads an hour, until `dealer` falls silent. */
async function fallSilent(t: Test, ran: (hour: number) => number) {
  const outbox = sqliteOutbox(t)();
  t.teardown(() => outbox.close());
  const [end, silentFrom] = [FIRST + 5 * WEEK, FIRST + 5 * WEEK - 10];
  const hours = Array.from({ length: 5 * WEEK }, (_, n): SiteHour[] => {
    const hour = FIRST + n;
    const dealer = hour < silentFrom ? 10 : 0;
    const sent =
      ran(hour) === 0
        ? []
        : [{ site: 'other', hour, count: 10 }, ...(dealer > 0 ? [{ site: 'dealer', hour, count: 10 }] : [])];
    return [...sent, { site: '*ran', hour, count: ran(hour) }, { site: '*US', hour, count: sent.length * 10 }];
  }).flat();
  await outbox.addSiteHours(hours, [], 0);
  while ((await outbox.learnSiteHours(end, 0)) > 0);
  return { outbox, now: end * HOUR + 200_000, since: silentFrom * HOUR };
}

t.test('a site that falls silent while another one sends is told, with what it usually sends', async (t) => {
  const { outbox, now, since } = await fallSilent(t, () => 60);
  t.match(await readSiteNews(outbox, site, now), { silent: [{ site: 'dealer', since, missed: 100 }], refused: [] });
  t.strictSame((await readSiteNews(outbox, () => undefined, now)).silent, [], 'a site that was removed is not');
});

t.test('while no process ran no site is silent', async (t) => {
  const { outbox, now } = await fallSilent(t, (hour) => (hour < FIRST + 5 * WEEK - 10 ? 60 : 0));
  t.strictSame((await readSiteNews(outbox, site, now)).silent, []);
});

t.test('of a site the page is told that was refused most, until the site lists it', async (t) => {
  const outbox = sqliteOutbox(t)();
  t.teardown(() => outbox.close());
  const clock = manualClock(FIRST * HOUR);
  const { tallies, events } = counting(clock);
  const reporter = createSiteReporter({ store: outbox, tallies, site, clock });
  const refuse = (key: string, origin: string, count: number) => {
    for (let n = 0; n < count; n += 1) events.refusedOrigin(key, origin);
  };
  refuse('dealer', 'https://new.example', 40);
  refuse('dealer', 'https://copied.example', 25);
  refuse('dealer', 'https://dealer.example', 60);
  refuse('other', 'https://new.example', 60);
  await reporter.stop();
  const refused = async (now: number) => (await readSiteNews(outbox, site, now)).refused;
  t.strictSame(await refused(clock.now()), [{ site: 'dealer', origin: 'https://new.example', count: 40 }]);
  t.strictSame(await refused(clock.now() + 25 * HOUR), [], 'nothing of it for a day');
});
