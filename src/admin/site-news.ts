import { GROUP, type RhythmStore, type SiteHour } from '../domain/ports/rhythm-store.ts';
import type { Site } from '../domain/site.ts';
import { type Rhythm, silenceOf } from '../domain/site-rhythm.ts';
import { type Clock, DAY_MS, HOUR_MS, hourOf } from '../lib/clock.ts';
import type { Tallies } from './events.ts';

/** How often a process adds its counts. */
const WRITE_EVERY_MS = 60_000;
/** Sites whose counts are added in one transaction: some milliseconds of work. */
const WRITTEN_AT_ONCE = 1_000;
/** An hour is learnt so long after its end, when all processes have added their counts. */
const LEARN_AFTER_MS = 3 * WRITE_EVERY_MS;
/**
 * Between two transactions that learn: four times as long as one takes, so that leads have most of the processor when the hour of
 * many sites is over.
 */
const LEARN_GAP = 4;
const LEARN_GAP_MS = 20;
/** The group that counts the minutes in which some process ran, and how many of them make an hour a whole one. */
const RAN = `${GROUP}ran`;
const WHOLE_HOUR = 50;
/** Sites without a lead for this many hours, five weeks, are forgotten. */
const FORGOTTEN_AFTER_H = 5 * 168;
const ORIGINS_KEPT_MS = 7 * DAY_MS;

/** Sites that are judged at a time, those that fell silent last first. */
const JUDGED = 50;
/** A page is worth a word when it was refused so often and within a day: most are somebody's trial, or a robot. */
const OFTEN = 20;

type SiteFacts = Pick<Site, 'country' | 'origins'>;

/** Finds a site; `undefined` for one that is not configured. */
export type FindSite = (key: string) => SiteFacts | undefined | Promise<SiteFacts | undefined>;

/** Reports the leads of sites, and the pages that were refused. */
export type SiteReporter = {
  readonly start: () => void;
  /** Writes what is left. Never rejects. */
  readonly stop: () => Promise<void>;
};

/** Adds counts to the store once a minute, and has it learn the hours that are over. Counts that it refuses are kept for the next time. */
export function createSiteReporter({
  store,
  tallies: { siteHours, refusedOrigins },
  site: find,
  clock,
}: {
  readonly store: Pick<RhythmStore, 'addSiteHours' | 'learnSiteHours'>;
  readonly tallies: Pick<Tallies, 'siteHours' | 'refusedOrigins'>;
  readonly site: FindSite;
  readonly clock: Clock;
}): SiteReporter {
  let cancel: (() => void) | undefined;
  let writing: Promise<void> | undefined;
  let stopped = false;
  let wake = (): void => undefined;

  /** Waits, but not for the end of it when the process stops. */
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = clock.after(ms, resolve);
      wake = () => {
        end();
        resolve();
      };
    });

  /** A site that cannot be read now counts in no country. */
  const countryOf = async (site: string): Promise<string | undefined> => {
    try {
      return (await find(site))?.country;
    } catch {
      return undefined;
    }
  };

  /** The same leads by the countries of their sites. */
  const groupsOf = async (counts: readonly SiteHour[]): Promise<readonly SiteHour[]> => {
    const groups = new Map<string, SiteHour>();
    for (const { site, hour, count } of counts) {
      const country = site === RAN ? undefined : await countryOf(site);
      if (country === undefined) continue;
      const group = `${GROUP}${country}`;
      const key = `${hour} ${group}`;
      groups.set(key, { site: group, hour, count: (groups.get(key)?.count ?? 0) + count });
    }
    return [...groups.values()];
  };

  const write = async (): Promise<void> => {
    const now = clock.now();
    siteHours.add({ site: RAN, hour: hourOf(now), count: 1 });
    const [counts, refused] = [siteHours.take(), refusedOrigins.take()];
    for (let from = 0; from < counts.length; from += WRITTEN_AT_ONCE) {
      const part = counts.slice(from, from + WRITTEN_AT_ONCE);
      const origins = from === 0 ? refused : [];
      try {
        await store.addSiteHours([...part, ...(await groupsOf(part))], origins, now - ORIGINS_KEPT_MS);
      } catch {
        // The fault of the storage is reported where leads meet it. Nothing ran that could have taken a lead.
        for (const one of counts.slice(from)) if (one.site !== RAN) siteHours.add(one);
        for (const one of origins) refusedOrigins.add(one);
        return;
      }
    }
    const before = hourOf(now - LEARN_AFTER_MS);
    for (let learnt = 1; !stopped && learnt > 0; ) {
      const startedAt = clock.monotonic();
      learnt = await store.learnSiteHours(before, before - FORGOTTEN_AFTER_H).catch(() => 0);
      if (learnt > 0) await pause(Math.max(LEARN_GAP_MS, LEARN_GAP * (clock.monotonic() - startedAt)));
    }
  };
  const next = (): void => {
    cancel = clock.after(WRITE_EVERY_MS, () => {
      writing = write().finally(() => {
        if (!stopped) next();
      });
    });
  };

  return {
    start: next,
    async stop() {
      stopped = true;
      cancel?.();
      wake();
      await writing;
      await write();
    },
  };
}

/** What operators should know of sites. Times are milliseconds since the epoch. */
export type SiteNews = {
  /** Sites that are silent for far longer than usual, with the leads that they usually send in such a time. */
  readonly silent: readonly { readonly site: string; readonly since: number; readonly missed: number }[];
  /** The page of each site that was refused most often within a day, if it was refused often. */
  readonly refused: readonly { readonly site: string; readonly origin: string; readonly count: number }[];
};

/** Reads what is to be told of sites. It is quick however many sites there are. @throws StorageUnavailable */
export async function readSiteNews(
  store: Pick<RhythmStore, 'suspects' | 'rhythms' | 'refusedOrigins'>,
  find: FindSite,
  now: number,
): Promise<SiteNews> {
  // The last hour that is learnt.
  const hour = hourOf(now - LEARN_AFTER_MS);
  const suspects: { readonly site: string; readonly rhythm: Rhythm; readonly group: string }[] = [];
  for (const [site, rhythm] of await store.suspects(hour, JUDGED)) {
    const found = await find(site);
    if (found) suspects.push({ site, rhythm, group: `${GROUP}${found.country}` });
  }
  const groups = suspects.length === 0 ? new Map() : await store.rhythms([RAN, ...suspects.map(({ group }) => group)]);
  const minutes = groups.get(RAN)?.recent ?? {};
  const ran = (at: number): number => Math.min(1, (minutes[at] ?? 0) / WHOLE_HOUR);
  const silent = suspects.flatMap(({ site, rhythm, group }) => {
    const silence = silenceOf(rhythm, hour, { others: groups.get(group), ran });
    return silence ? [{ site, since: silence.since * HOUR_MS, missed: silence.missed }] : [];
  });
  const refused = new Map<string, SiteNews['refused'][number]>();
  for (const { site, origin, count } of await store.refusedOrigins(now - DAY_MS)) {
    if (count < OFTEN || refused.has(site)) continue;
    const origins = (await find(site))?.origins;
    if (origins === undefined || origins === '*' || origins.has(origin)) continue;
    refused.set(site, { site, origin, count });
  }
  return { silent, refused: [...refused.values()] };
}
