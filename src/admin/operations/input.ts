import { getCountries } from 'libphonenumber-js/max/es6';
import { STATUSES, type Status } from '../../domain/lead.ts';
import { parsePhone } from '../../domain/phone.ts';
import type { Cause } from '../../domain/ports/delivery-queue.ts';
import {
  DIMENSIONS,
  type Dimension,
  type Filter,
  type Page,
  type PageRequest,
} from '../../domain/ports/lead-records.ts';
import { InvalidCursor } from '../../domain/ports/outbox.ts';
import { Refusal } from '../../domain/refusal.ts';
import { createSignedPages } from '../../leads/cursors.ts';
import type { Hashing } from '../../leads/hashing.ts';
import { defined } from '../../lib/values.ts';

export type OperationFault = 'invalid' | 'not_found' | 'rejected' | 'conflict' | 'in_use';

/**
 * An operation that cannot be done as the operator asked for it. The message is for the operator and never quotes personal data.
 * - `invalid`: the command or request is wrong
 * - `not_found`: it names a lead, or an entry, that does not exist
 * - `rejected`: an entry of the configuration is wrong; a line for each mistake
 * - `conflict`: an entry has another version than expected
 * - `in_use`: other entries refer to the one that is to be deleted
 */
export class OperationError extends Error {
  readonly code: OperationFault;

  constructor(code: OperationFault, message: string) {
    super(message);
    this.name = 'OperationError';
    this.code = code;
  }
}

/** A query for leads as text from a command line or a request. A lead matches if it fulfils every given field. */
export type LeadQuery = {
  readonly ids?: readonly string[];
  readonly status?: readonly string[];
  readonly cause?: readonly string[];
  readonly site?: string;
  readonly partner?: string;
  readonly provider?: string;
  /** `true`: only test leads, `false`: none of them. */
  readonly test?: string;
  readonly since?: string;
  readonly until?: string;
  readonly phone?: string;
  readonly country?: string;
};

/** Each cause that a lead can have, explained for operators. */
export const CAUSES: Readonly<Record<Cause, string>> = {
  phone_cap: 'one number sent more leads to one site today than its cap allows',
  phone_total_cap: 'one number sent more leads to all sites today than its cap allows',
  site_cap: 'one site received more leads today than its cap allows',
  suspect: 'looked like a robot and not a visitor',
  suppressed: 'its number is on the list of suppressed numbers',
  refused: "the provider refused it for another reason than the lead's own data",
  schedule: 'every attempt of the retry schedule failed',
  provider: 'its provider account is parked: the credentials are refused',
  unreadable: 'no configured DATA_KEY decrypts it, or it was altered or moved from another lead',
  repeats: 'sent as often as UNKNOWN_RESEND_MAX allows, and no answer was readable',
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
    throw new OperationError('invalid', 'country: use it together with phone');
  }
  return defined({
    ids: query.ids,
    status: query.status?.map((word) => oneOf('status', word, STATUSES)) as Status[] | undefined,
    cause: query.cause?.map((word) => oneOf('cause', word, Object.keys(CAUSES))) as Cause[] | undefined,
    site: query.site,
    partner: query.partner,
    provider: query.provider,
    test: query.test === undefined ? undefined : oneOf('test', query.test, ['true', 'false']) === 'true',
    since: query.since === undefined ? undefined : readTime('since', query.since, now),
    until: query.until === undefined ? undefined : readTime('until', query.until, now),
    phoneHash: phone === undefined ? undefined : readNumber(hashing, defined({ phone, country })),
  });
}

/** Describes a query for the audit. A phone number appears as `phone=given` only. */
export function describeQuery({ ids, phone, country: _country, ...rest }: LeadQuery): string {
  const words = Object.entries(rest).map(([name, value]) => `${name}=${[value].flat().join(',')}`);
  if (ids) words.push(ids.length <= 3 ? `ids=${ids.join(',')}` : `ids=${ids.length} of them`);
  if (phone !== undefined) words.push('phone=given');
  return words.length === 0 ? 'all' : words.join(' ');
}

/** A phone number as an operator writes it: with its country code, or together with its country. */
export type GivenNumber = { readonly phone: string; readonly country?: string };

const ALL_COUNTRIES: ReadonlySet<string> = new Set(getCountries());

/**
 * Gives the keyed hash of a phone number that an operator wrote.
 *
 * @throws OperationError `invalid` if it is no valid number or its country is unknown; the message does not quote it
 */
export function readNumber(hashing: Hashing, { phone, country }: GivenNumber): Buffer {
  if (country === undefined && !/^\s*(tel:)?\s*\+/i.test(phone)) {
    throw new OperationError('invalid', 'phone: write the number with its country code, such as +1 404 555 1212');
  }
  try {
    // A number that begins with "+" is parsed by its own country code; the default country does not matter then.
    return hashing.phone(parsePhone(phone, country ?? 'US', ALL_COUNTRIES).e164);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new OperationError('invalid', `phone: ${error.message}`);
  }
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * Reads a point in time as an operator writes it: a UTC date (`2026-11-24`), a time with its zone (`2026-11-24T09:00Z`), or
 * a duration before now (`90m`, `24h`, `7d`).
 *
 * @param name name of the option or field, for the message
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch
 * @throws OperationError `invalid`
 */
export function readTime(name: string, text: string, now: number): number {
  const ago = /^(\d{1,5})([mhd])$/.exec(text);
  const time = ago
    ? now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0)
    : DATE.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (Number.isNaN(time)) {
    throw new OperationError('invalid', `${name}: use 2026-11-24, 2026-11-24T09:00Z, or how long ago: 90m, 24h, 7d`);
  }
  return time;
}

/**
 * Checks the dimensions that leads are counted by.
 *
 * @throws OperationError `invalid`
 */
export function readDimensions(names: readonly string[]): readonly Dimension[] {
  return [...new Set(names)].map((name) => oneOf('by', name, DIMENSIONS) as Dimension);
}

function oneOf(name: string, word: string, words: readonly string[]): string {
  if (words.includes(word)) return word;
  throw new OperationError('invalid', `${name}: use ${words.join(', ')}`);
}

/** The lists that are read page by page. */
type List = 'leads' | 'consents' | 'audit' | 'suppressions';

/** Reads one page of a list. Its cursors are signed: a made-up or changed cursor, or one of another list, is refused. */
type ReadPage = <Item>(
  list: List,
  page: PageRequest,
  read: (page: PageRequest) => Promise<Page<Item>>,
) => Promise<Page<Item>>;

/**
 * @returns a function that rejects with OperationError `invalid` for a cursor that no page of the same list returned
 */
export function createPageReader(hashing: Pick<Hashing, 'cursor'>): ReadPage {
  const readSigned = createSignedPages(hashing);
  return async (list, page, read) => {
    try {
      return await readSigned(list, page, read);
    } catch (error) {
      if (!(error instanceof InvalidCursor)) throw error;
      throw new OperationError(
        'invalid',
        'after: use the cursor that the previous page of this list returned, unchanged',
      );
    }
  };
}
