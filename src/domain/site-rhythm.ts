/**
 * When a site usually sends leads: how many, by hour of the week (UTC). Hours count from the epoch. The sums fade by half every
 * four weeks, so that a site that grows, or whose campaign ends, is known by its last weeks.
 */
export type Rhythm = {
  /** The hour of the first lead. */
  readonly since: number;
  /** The hour of the last lead. */
  readonly last: number;
  /**
   * Sums of leads, by hour of the week; hours without leads are absent. Instead of fading the old ones, each lead counts as many
   * times more as those of `since` have faded until then.
   */
  readonly sums: Readonly<Record<string, number>>;
  /** Leads of the last two weeks by hour, of a group of sites only. */
  readonly recent?: Readonly<Record<string, number>>;
};

const WEEK_H = 168;
/** Of the weight of a lead, what is left after a week. */
const FADE = 0.5 ** (1 / 4);

/** A site is known after this many hours, three weeks. */
const KNOWN_AFTER_H = 3 * WEEK_H;
/** Two weeks: a site that misses too few leads in this time sends too few to tell. */
const LONGEST_H = 2 * WEEK_H;
/** After four weeks of silence the site no longer counts as one that sends leads. */
const FORGOTTEN_AFTER_H = 4 * WEEK_H;

/**
 * A chance of 0.1 % that a Poisson process sends nothing: exp(-7). A site is silent if this holds even at a quarter of its usual
 * rate, because weeks differ far more than a Poisson process does, above all when a campaign ends.
 */
const MISSED = 7;
const QUARTER = 1 / 4;
/** A site that cannot be compared with others has to be silent even at a twentieth of its usual rate, as on a holiday. */
const TWENTIETH = 0.05;
/** Leads that the other sites of a country should have sent meanwhile, so that they say whether that time was a usual one. */
const ENOUGH_OTHERS = 20;

/** The rhythm after `count` more leads in `hour`. Hours may come late. @param keepRecent whether it is a group of sites */
export function learn(known: Rhythm | undefined, hour: number, count: number, keepRecent = false): Rhythm {
  const { since, last, sums } = known ?? { since: hour, last: hour, sums: {} };
  const bucket = hour % WEEK_H;
  const sum = (sums[bucket] ?? 0) + count / fadedBy(hour - since);
  const rhythm = { since, last: Math.max(last, hour), sums: { ...sums, [bucket]: Number(sum.toPrecision(6)) } };
  if (!keepRecent) return rhythm;
  const recent = Object.fromEntries(
    Object.entries(known?.recent ?? {}).filter(([at]) => Number(at) > hour - LONGEST_H),
  );
  recent[hour] = (recent[hour] ?? 0) + count;
  return { ...rhythm, recent };
}

/**
 * The hour from which on the silence of the site may mean something; absent if it is not known well enough or sends too little.
 * It can be stored, so that only sites that may have fallen silent are judged.
 */
export function suspectFrom(rhythm: Rhythm): number | undefined {
  if (rhythm.last - rhythm.since < KNOWN_AFTER_H) return undefined;
  const usual = usualOf(rhythm);
  let missed = 0;
  for (let hour = rhythm.last + 1; hour <= rhythm.last + LONGEST_H; hour += 1) {
    missed += usual(hour);
    if (missed * QUARTER >= MISSED) return hour + 1;
  }
  return undefined;
}

/** What is known beside the site: how the other sites of its country do, and in which hours the gateway ran. */
export type Surroundings = {
  readonly others?: Rhythm | undefined;
  /** The part of an hour in which the gateway could take leads, from 0 to 1. */
  readonly ran: (hour: number) => number;
};

/** A silence that is far longer than usual. */
export type Silence = {
  /** The hour after the last lead. */
  readonly since: number;
  /** Leads that the site usually sends in such a time. */
  readonly missed: number;
};

/**
 * Whether a site is silent for far longer than usual at the end of the hour before `now`.
 *
 * A holiday, a season or a fault elsewhere makes all sites of a country quieter, so the leads that are missed are fewer by the
 * same factor. A site without others to compare with may be closed for a day: its busiest 24 hours do not count, unless even a twentieth of
 * what it usually sends would have brought leads.
 */
export function silenceOf(rhythm: Rhythm, now: number, { others, ran }: Surroundings): Silence | undefined {
  if (rhythm.last - rhythm.since < KNOWN_AFTER_H || now - rhythm.last > FORGOTTEN_AFTER_H) return undefined;
  const usual = usualOf(rhythm);
  const usualOfAll = others && usualOf(others);
  let missed = 0;
  let expected = 0;
  let sent = 0;
  const byHour: number[] = [];
  for (let hour = rhythm.last + 1; hour < Math.min(now, rhythm.last + 1 + LONGEST_H); hour += 1) {
    const own = usual(hour) * ran(hour);
    missed += own;
    byHour.push(own);
    if (!others || !usualOfAll) continue;
    expected += Math.max(0, usualOfAll(hour) * ran(hour) - own);
    sent += others.recent?.[hour] ?? 0;
  }
  const silence = { since: rhythm.last + 1, missed: Math.round(missed) };
  if (expected >= ENOUGH_OTHERS) return missed * Math.min(1, sent / expected) * QUARTER >= MISSED ? silence : undefined;
  return (missed - busiestDay(byHour)) * QUARTER >= MISSED || missed * TWENTIETH >= MISSED ? silence : undefined;
}

/** Tells how many leads a site usually sends in an hour: the mean of its weeks, of which the later ones weigh more. */
function usualOf({ since, last, sums }: Rhythm): (hour: number) => number {
  return (hour) => {
    const sum = sums[hour % WEEK_H];
    if (sum === undefined) return 0;
    const latest = last - ((last - (hour % WEEK_H)) % WEEK_H);
    const weeks = Math.max(0, Math.floor((latest - since) / WEEK_H)) + 1;
    return (sum * fadedBy(latest - since) * (1 - FADE)) / (1 - FADE ** weeks);
  };
}

function fadedBy(hours: number): number {
  return FADE ** (hours / WEEK_H);
}

function busiestDay(byHour: readonly number[]): number {
  let [day, most] = [0, 0];
  for (const [n, leads] of byHour.entries()) {
    day += leads - (byHour[n - 24] ?? 0);
    most = Math.max(most, day);
  }
  return most;
}
