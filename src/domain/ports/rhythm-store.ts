import type { Rhythm } from '../site-rhythm.ts';

/** Leads that a site sent in an hour. Hours count from the epoch. */
export type SiteHour = { readonly site: string; readonly hour: number; readonly count: number };

/** Requests of a page that the site does not list, and when the last one came. */
export type RefusedOrigin = {
  readonly site: string;
  readonly origin: string;
  readonly count: number;
  readonly lastAt: number;
};

/** The name of a group of sites begins so; no key of a site does. A group keeps its last hours, too (`Rhythm`). */
export const GROUP = '*';

/**
 * When sites usually send leads, common to all processes. A lead costs no write: each process adds its counts once a minute.
 * Every method rejects with `StorageUnavailable`.
 */
export interface RhythmStore {
  /** Adds leads and refused requests. Of those only the latest thousand pairs are kept, and none from before `forgetBefore`. */
  addSiteHours(hours: readonly SiteHour[], refused: readonly RefusedOrigin[], forgetBefore: number): Promise<void>;
  /**
   * Learns some of the hours before `before`, and forgets sites without a lead since `forgetBefore`. Processes may do this at
   * the same time: each hour is learnt once. Gives how many it has learnt; none are left once it is 0.
   */
  learnSiteHours(before: number, forgetBefore: number): Promise<number>;
  /** Sites whose silence may mean something at `hour` (`suspectFrom`), those that fell silent last first. */
  suspects(hour: number, limit: number): Promise<ReadonlyMap<string, Rhythm>>;
  /** The rhythms of these sites or groups. */
  rhythms(names: readonly string[]): Promise<ReadonlyMap<string, Rhythm>>;
  /** The pages that were refused since a time. */
  refusedOrigins(since: number): Promise<readonly RefusedOrigin[]>;
}
