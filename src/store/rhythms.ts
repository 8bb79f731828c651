import { GROUP, type RefusedOrigin } from '../domain/ports/rhythm-store.ts';
import { learn, type Rhythm, suspectFrom } from '../domain/site-rhythm.ts';
import type { Row } from './rows.ts';

/** Hours that are learnt in one transaction: some milliseconds of work. */
export const LEARNT_AT_ONCE = 100;
/** Pairs of a site and an origin that are kept. */
export const ORIGINS_KEPT = 1_000;

/** What is stored of a site after some of its hours were learnt. */
export type LearntSite = {
  readonly site: string;
  readonly state: string;
  readonly lastHour: number;
  readonly suspectFrom: number | null;
};

/**
 * @param hours rows with site, hour and n
 * @param known rows with site and state
 */
export function learnRows(hours: readonly Row[], known: readonly Row[]): LearntSite[] {
  const rhythms = toRhythms(known);
  return [...Map.groupBy(hours, ({ site }) => String(site))].map(([site, some]) => {
    const isGroup = site.startsWith(GROUP);
    let rhythm = rhythms.get(site);
    for (const { hour, n } of some) rhythm = learn(rhythm, Number(hour), Number(n), isGroup);
    const { last } = rhythm as Rhythm;
    const suspect = isGroup ? undefined : suspectFrom(rhythm as Rhythm);
    return { site, state: JSON.stringify(rhythm), lastHour: last, suspectFrom: suspect ?? null };
  });
}

/** @param rows with site and state */
export function toRhythms(rows: readonly Row[]): Map<string, Rhythm> {
  return new Map(rows.map(({ site, state }) => [String(site), JSON.parse(String(state)) as Rhythm]));
}

export function toRefusedOrigin({ site, origin, n, last_at: lastAt }: Row): RefusedOrigin {
  return { site: String(site), origin: String(origin), count: Number(n), lastAt: Number(lastAt) };
}
