import { STATUSES, type Status } from '../../domain/lead.ts';
import type { Cause } from '../../domain/ports/delivery-queue.ts';
import type { Filter } from '../../domain/ports/lead-records.ts';
import type { Hashing } from '../../leads/hashing.ts';
import { defined } from '../../lib/defined.ts';
import { OperationError } from './error.ts';
import { readNumber } from './number.ts';
import { readTime } from './time.ts';

/** Which leads an operator means, as text from a command line or a request; all given parts have to hold. */
export type LeadQuery = {
  readonly ids?: readonly string[];
  readonly status?: readonly string[];
  readonly cause?: readonly string[];
  readonly site?: string;
  readonly partner?: string;
  readonly provider?: string;
  readonly since?: string;
  readonly until?: string;
  readonly phone?: string;
  readonly country?: string;
};

/** Every cause, and what a person who meets it should know. */
export const CAUSES: Readonly<Record<Cause, string>> = {
  phone_cap: 'more leads of one number at one site today than its cap',
  site_cap: 'more leads of one site today than its cap',
  suspect: 'looked like a machine and not a visitor',
  suppressed: 'its number is on the list of suppressed numbers',
  refused: "the provider refused it, and not for the lead's own data",
  schedule: 'every try of the retry schedule failed',
  provider: 'its provider account is parked: the credentials are refused',
  unreadable: 'no DATA_KEY that we hold opens it',
  repeats: 'sent as often as UNKNOWN_RESEND_MAX allows, and no answer could be read',
  erased: 'its personal data was erased',
};

/**
 * Checks a query and turns it into the store's filter.
 *
 * @throws OperationError `invalid`, naming the part that is wrong
 */
export function readFilter(query: LeadQuery, hashing: Hashing, now: number): Filter {
  const { phone, country } = query;
  if (country !== undefined && phone === undefined) {
    throw new OperationError('invalid', 'country: say which phone it is for');
  }
  return defined({
    ids: query.ids,
    status: query.status?.map((word) => known('status', word, STATUSES)) as Status[] | undefined,
    cause: query.cause?.map((word) => known('cause', word, Object.keys(CAUSES))) as Cause[] | undefined,
    site: query.site,
    partner: query.partner,
    provider: query.provider,
    since: query.since === undefined ? undefined : readTime('since', query.since, now),
    until: query.until === undefined ? undefined : readTime('until', query.until, now),
    phoneHash: phone === undefined ? undefined : readNumber(hashing, defined({ phone, country })),
  });
}

/** A query in words for the audit: a number is only said to have been given. */
export function describeQuery({ ids, phone, country: _country, ...rest }: LeadQuery): string {
  const words = Object.entries(rest).map(([name, value]) => `${name}=${[value].flat().join(',')}`);
  if (ids) words.push(ids.length <= 3 ? `ids=${ids.join(',')}` : `ids=${ids.length} of them`);
  if (phone !== undefined) words.push('phone=given');
  return words.length === 0 ? 'all' : words.join(' ');
}

function known(name: string, word: string, words: readonly string[]): string {
  if (words.includes(word)) return word;
  throw new OperationError('invalid', `${name}: use ${words.join(', ')}`);
}
