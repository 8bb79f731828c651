import t from 'tap';
import { learn, type Rhythm, silenceOf, suspectFrom } from '../../src/domain/site-rhythm.ts';
import { type Random, seeded } from '../support/random.ts';
import { scaled } from '../support/scale.ts';

/** Of the simulated year. */
const SITES = scaled(16, 48);
const WEEK = 168;
const MONDAY = 4 * 24 + 2_900 * WEEK;
const always = () => 1;

/** A site of eight weeks that sends so many leads in each hour of its week. */
function site(usual: (hourOfWeek: number) => number, weeks = 8): Rhythm {
  let rhythm: Rhythm | undefined;
  for (let hour = MONDAY - weeks * WEEK; hour < MONDAY; hour += 1) {
    const count = usual((hour - MONDAY + weeks * WEEK) % WEEK);
    if (count > 0) rhythm = learn(rhythm, hour, count, true);
  }
  return rhythm as Rhythm;
}

/** From Monday to Friday from 8 to 18 o'clock. */
const office = (count: number) => (hour: number) => (hour < 120 && hour % 24 >= 8 && hour % 24 < 18 ? count : 0);
const last = ({ last }: Rhythm) => last;

/** Each of these sites sent its last lead as usual before Monday morning; hours count from then. */
const CASES: [what: string, rhythm: Rhythm, silentFrom: number | undefined, others?: Rhythm][] = [
  ['a busy site after some hours', site(() => 100), 2],
  ['a site that sends two an hour after a day and a half, if it cannot be compared', site(() => 2), 39],
  ['the same site after fifteen hours, if others send as usual', site(() => 2), 15, site(() => 50)],
  [
    'no site while all others are as quiet',
    site(() => 2),
    undefined,
    learn(
      site(() => 50),
      MONDAY,
      0,
      true,
    ),
  ],
  ['a site of business hours not at the weekend, and on the second day of its silence', site(office(3)), 42],
  ['the same site within its first day, if others send as usual', site(office(3)), 18, site(() => 50)],
  ['no site that sends a lead a day', site((hour) => (hour % 24 === 9 ? 1 : 0)), undefined, site(() => 50)],
  ['no site that has been known for two weeks only', site(() => 100, 2), undefined, site(() => 50)],
];

for (const [what, rhythm, silentFrom, others] of CASES) {
  t.test(`silent is ${what}`, async (t) => {
    // The others send in the silent hours as in the weeks before, unless the case says that they do not.
    const quiet = others?.recent?.[MONDAY] === 0;
    const recent =
      others && !quiet
        ? Object.fromEntries(Array.from({ length: 4 * WEEK }, (_, n) => [MONDAY - 2 * WEEK + n, 50]))
        : {};
    const surroundings = { ran: always, ...(others && { others: { ...others, recent } }) };
    let first: number | undefined;
    for (let hour = 0; hour <= WEEK && first === undefined; hour += 1)
      if (silenceOf(rhythm, MONDAY + hour, surroundings)) first = hour;
    t.equal(first, silentFrom);
    const suspect = suspectFrom(rhythm);
    if (first !== undefined) t.ok(suspect !== undefined && suspect <= MONDAY + first, 'it is looked at by then');
  });
}

t.test('hours in which the gateway did not run are not missed', async (t) => {
  const rhythm = site(() => 100);
  const down = (hour: number) => (hour < MONDAY + 30 ? 0 : 1);
  t.equal(silenceOf(rhythm, MONDAY + 30, { ran: down }), undefined);
  t.match(silenceOf(rhythm, MONDAY + 32, { ran: down }), { since: last(rhythm) + 1, missed: 200 });
});

t.test('a site that has been silent for four weeks counts as given up', async (t) => {
  t.ok(
    silenceOf(
      site(() => 100),
      MONDAY + 4 * WEEK - 1,
      { ran: always },
    ),
  );
  t.equal(
    silenceOf(
      site(() => 100),
      MONDAY + 4 * WEEK,
      { ran: always },
    ),
    undefined,
  );
});

t.test('a campaign that ended is forgotten within weeks, and late counts are taken', async (t) => {
  let rhythm = site(() => 100);
  for (let hour = MONDAY; hour < MONDAY + 8 * WEEK; hour += 1) rhythm = learn(rhythm, hour, 1);
  const missed = silenceOf(rhythm, MONDAY + 8 * WEEK + 20, { ran: always })?.missed ?? 0;
  t.ok(missed < 20 * 25, `${missed}`);
  const late = learn(rhythm, rhythm.last - 5, 1_000);
  t.equal(late.last, rhythm.last);
  t.ok((late.sums[(rhythm.last - 5) % WEEK] ?? 0) > 900);
});

type Simulated = {
  readonly country: string;
  readonly weekly: number;
  readonly begins: number;
  factor: number;
  campaignUntil: number;
};

function poisson(mean: number, random: Random): number {
  if (mean > 30)
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * (random.next() + random.next() + random.next() - 1.5) * 2));
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; product *= random.next()) count += 1;
  return count;
}

/** Part of a week's leads in an hour: few at night, half at weekends. */
function shape(hour: number): number {
  const [day, time] = [Math.floor((hour % WEEK) / 24), hour % 24];
  const weight = (day < 5 ? 1 : 0.5) * (time < 6 ? 0.05 : time < 9 ? 0.5 : time < 20 ? 1 : 0.4);
  return weight / 93;
}

/**
 * A year of sites of three countries, with holidays, a quiet season, weeks that differ, campaigns, new sites and outages of the gateway.
 *
 * @param fails the site that fails, and its hour
 */
function year(seed: number, fails?: { readonly site: number; readonly at: number }) {
  const random = seeded(seed);
  const sites: Simulated[] = Array.from({ length: SITES }, (_, n) => ({
    country: n < (SITES * 5) / 8 ? 'US' : n < SITES - 1 ? 'DE' : 'NZ',
    weekly: 3 * 1_000 ** random.next(),
    begins: n % 8 === 0 ? random.below(40 * WEEK) : 0,
    factor: 1,
    campaignUntil: 0,
  }));
  const rhythms: (Rhythm | undefined)[] = sites.map(() => undefined);
  const groups = new Map<string, Rhythm>();
  const holidays = new Set(
    ['US', 'DE', 'NZ'].flatMap((country) => Array.from({ length: 10 }, () => `${country} ${random.below(365)}`)),
  );
  const outages = Array.from({ length: 5 }, () => ({ from: random.below(8_000), hours: 1 + random.below(36) }));
  const suspects = sites.map(() => Number.POSITIVE_INFINITY);
  const silent = new Set<number>();
  const alarms: { readonly site: number; readonly hour: number; readonly missed: number }[] = [];
  const down = new Set(outages.flatMap(({ from, hours }) => Array.from({ length: hours }, (_, n) => from + n)));
  const ran = (hour: number) => (down.has(hour - MONDAY) ? 0 : 1);

  for (let n = 0; n < 52 * WEEK; n += 1) {
    const hour = MONDAY + n;
    const season = n > 50 * WEEK ? 0.3 : 1;
    const sums = new Map<string, number>();
    for (const [index, each] of sites.entries()) {
      if (n % WEEK === 0) {
        if (n > each.campaignUntil && random.chance(0.03)) each.campaignUntil = n + 4 * WEEK;
        each.factor = (0.6 + 0.9 * random.next()) * (n < each.campaignUntil ? 2.5 : 1);
      }
      const rhythm = rhythms[index];
      if (rhythm && (suspects[index] ?? 0) <= hour) {
        const others = groups.get(each.country);
        const silence = silenceOf(rhythm, hour, { ran, ...(others && { others }) });
        if (silence && !silent.has(index)) alarms.push({ site: index, hour: n, missed: silence.missed });
        if (silence) silent.add(index);
        else silent.delete(index);
      } else silent.delete(index);
      if (n < each.begins || (fails?.site === index && n >= fails.at)) continue;
      const holiday = holidays.has(`${each.country} ${Math.floor(n / 24)}`) ? 0.1 : 1;
      const count = ran(hour) * poisson(each.weekly * shape(n) * each.factor * holiday * season, random);
      if (count === 0) continue;
      const learnt = learn(rhythm, hour, count);
      rhythms[index] = learnt;
      suspects[index] = suspectFrom(learnt) ?? Number.POSITIVE_INFINITY;
      sums.set(each.country, (sums.get(each.country) ?? 0) + count);
    }
    for (const [country, sum] of sums) groups.set(country, learn(groups.get(country), hour, sum, true));
  }
  return { alarms, sites };
}

t.test(
  `in a simulated year of ${SITES} sites, with all of that, at most one site is called silent falsely`,
  async (t) => {
    const { alarms, sites } = year(7);
    t.comment(
      JSON.stringify(alarms.map((alarm) => ({ ...alarm, weekly: Math.round(sites[alarm.site]?.weekly ?? 0) }))),
    );
    t.ok(alarms.length <= 1, `${alarms.length}`);
  },
);
