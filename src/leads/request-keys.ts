import type { Lead } from '../domain/lead.ts';
import type { Cap, CapKind, RequestKey } from '../domain/ports/lead-store.ts';
import { Refusal } from '../domain/refusal.ts';
import type { DailyMax } from '../domain/site.ts';
import { secondsToNextDay } from '../lib/clock.ts';
import type { Hashing } from './hashing.ts';

/** A network that an address lies in: an IPv4 /24, or an IPv6 /56 or /48. `name` is its first address and its prefix. */
export type Network = { readonly prefix: 24 | 48 | 56; readonly name: string };

/** The scope within which an `Idempotency-Key` means the same request, and the address that distinguishes requests without a key. */
export type IdempotencyScope = {
  /** A partner's back end, or a visitor's browser. */
  readonly kind: 'partner' | 'visitor';
  /** The partner's id, or the site's key. */
  readonly id: string;
  /** IPv4 address or IPv6 /64, normalised. */
  readonly address: string;
  /** The networks above the address, nearest first; absent where no counter needs them. */
  readonly networks?: readonly Network[];
  readonly idempotencyKey?: string;
};

export type RequestIdentity = {
  readonly request: RequestKey;
  readonly keyed: boolean;
  /** The key as a string, for maps in memory. */
  readonly name: string;
};

/** How long an `Idempotency-Key` is remembered: twice the 24 h that are promised, so that no clock makes it less. */
const KEYED_MS = 48 * 3_600_000;
/** How long the same lead from the same place counts as the same click where there is no key. */
const KEYLESS_MS = 600_000;

/**
 * What makes a request the same as an earlier one: its `Idempotency-Key` within its scope, or, without a key, the
 * scope, the address and the lead together. The scope of a visitor's key is the site, because phones change networks. A key that
 * a stranger could guess is scoped by address as well; otherwise the stranger could use it up with another lead.
 */
export function identify(hashing: Hashing, lead: Lead, requester: IdempotencyScope, now: number): RequestIdentity {
  const scope = `${requester.kind}:${requester.id}`;
  const keyed = requester.idempotencyKey !== undefined;
  const key = keyed
    ? hashing.idempotencyKey(scopeOfKey(scope, requester, requester.idempotencyKey), requester.idempotencyKey)
    : hashing.keylessRequest(scope, requester.address, lead);
  // Without a key the lead is part of the key itself: there is nothing left to compare.
  const fingerprint = keyed ? hashing.fingerprint(lead) : key;
  const expiresAt = now + (keyed ? KEYED_MS : KEYLESS_MS);
  return { request: { key, fingerprint, expiresAt }, keyed, name: key.toString('latin1') };
}

/** Keys of sites contain no space. */
function scopeOfKey(scope: string, { kind, address }: IdempotencyScope, key: string): string {
  return kind === 'visitor' && varietyBits(key) < ENOUGH_BITS ? `${scope} ${address}` : scope;
}

/** Keys of visitors with less variety than this, in bits, are scoped by address as well. */
export const ENOUGH_BITS = 64;

/** Bits that the versions of a UUID draw at random (RFC 9562). The others are made of a time, an address or a name. */
const RANDOM_BITS_OF_UUID: Readonly<Record<string, number>> = { 4: 122, 7: 74 };
/** A ULID is a time of 10 characters and 80 random bits (https://github.com/ulid/spec). */
const RANDOM_BITS_OF_ULID = 80;
const TIME_OF_ULID = 10;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
/** A UUID made of a time and an address (version 1 or 6), written without hyphens. */
const TIME_UUID = /^[0-9a-f]{12}[16][0-9a-f]{3}[89ab][0-9a-f]{15}$/i;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;
/** Shorter ones are mostly a time and a counter, as those of MongoDB. */
const LONG_HEX = /^[0-9a-f]{32,}$/i;

/** Digits alone, letters of one case, or words joined as in `orderNumber`. */
const WORD_OR_NUMBER = /^(?:[0-9]*|[A-Z]*|[A-Z]?[a-z]+|(?:[A-Z]?[a-z]{2,})+)$/;

const DIGIT_BITS = Math.log2(10);
const LETTER_BITS = Math.log2(26);
const BOTH_CASES_BITS = Math.log2(52);
/** A longer stretch of one kind is a word, a date or a counter, of which so many characters count. */
const LONGEST_STRETCH = 3;
const COUNTED_OF_LONGER = 2;
/** Random text hardly ever repeats as many characters. */
const REPEATED = 4;
/** The spread of a text of few different characters, such as a counter that is filled up with zeros, in bits a character. */
const LEAST_SPREAD_BITS = 2.5;

/**
 * How many random bits an `Idempotency-Key` has, as far as its text shows: an estimate of how hard it is to guess. It errs towards
 * too few, because such a key is only scoped more narrowly.
 *
 * A UUID counts by its version, a ULID by its random part, and 32 or more hexadecimal digits by their number. In any other key those
 * parts between separators count that hold letters and digits. Each stretch of one kind in them counts by its characters, up to
 * three; of a longer one, such as a word, a date or a counter, two count. A key of few different characters counts nothing.
 * No measure of the text can tell that a key was computed from something known, such as the hash of an order number.
 */
export function varietyBits(key: string): number {
  const version = UUID.exec(key)?.[1];
  if (!isSpread(key) || TIME_UUID.test(key)) return 0;
  if (version !== undefined) return RANDOM_BITS_OF_UUID[version] ?? 0;
  if (ULID.test(key)) return isSpread(key.slice(TIME_OF_ULID)) ? RANDOM_BITS_OF_ULID : 0;
  if (LONG_HEX.test(key)) return repeats(key) ? 0 : key.length * 4;
  return key
    .split(/[^0-9A-Za-z]+/)
    .filter((part) => !WORD_OR_NUMBER.test(part))
    .reduce((bits, part) => bits + bitsOfPart(part), 0);
}

function bitsOfPart(part: string): number {
  const letterBits = /[a-z]/.test(part) && /[A-Z]/.test(part) ? BOTH_CASES_BITS : LETTER_BITS;
  const stretches = part.match(/[0-9]+|(?:[A-Z]?[a-z]{2,})+|[A-Z]?[a-z]+|[A-Z]+/g) ?? [];
  return stretches.reduce((bits, stretch) => {
    const counted = stretch.length > LONGEST_STRETCH ? COUNTED_OF_LONGER : stretch.length;
    return bits + counted * (/[0-9]/.test(stretch) ? DIGIT_BITS : letterBits);
  }, 0);
}

/** Whether the characters of a text are spread enough: its Shannon entropy a character. */
function isSpread(text: string): boolean {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const shares = [...counts.values()].map((n) => n / text.length);
  return -shares.reduce((sum, share) => sum + share * Math.log2(share), 0) >= LEAST_SPREAD_BITS;
}

function repeats(text: string): boolean {
  return Array.from({ length: text.length - REPEATED }, (_, at) => text.slice(at, at + REPEATED)).some((part, at) =>
    text.includes(part, at + 1),
  );
}

/** The daily maxima of a lead's counters. */
export type DailyMaxima = DailyMax & { readonly phoneTotal: number; readonly visitor: number };

/** How many times a visitor's daily maximum the visitors of a network have together, by the length of its prefix. */
const NETWORK_FACTORS: Readonly<Record<Network['prefix'], number>> = { 24: 16, 48: 16, 56: 4 };

/**
 * The daily counters that a lead is counted on. Those of the visitor and of its networks come first: a requester that is beyond
 * its own maximum is told nothing of the number or the site. A partner's lead is not counted by address, because the address of
 * its back end stands for many visitors.
 */
export function capsFor(
  hashing: Hashing,
  maxima: DailyMaxima,
  { site }: Lead,
  phoneHash: Buffer,
  requester: IdempotencyScope,
): readonly Cap[] {
  const { phone, phone_total, site: ofSite } = capKeys(hashing, site, phoneHash);
  return [
    ...(requester.kind === 'visitor' ? visitorCaps(hashing, maxima, site, requester) : []),
    { kind: 'phone', key: phone, max: maxima.phone },
    { kind: 'phone_total', key: phone_total, max: maxima.phoneTotal },
    { kind: 'site', key: ofSite, max: maxima.site },
  ];
}

/** A network has at most half of the site's cap, so that no single one uses it up, and never less than one visitor has. */
function visitorCaps(
  hashing: Hashing,
  { visitor, site: ofSite }: DailyMaxima,
  site: string,
  { address, networks = [] }: IdempotencyScope,
): readonly Cap[] {
  const half = Math.floor(ofSite / 2);
  return [
    { kind: 'visitor', key: hashing.visitorCap(site, address), max: visitor },
    ...networks.map(
      ({ name, prefix }): Cap => ({
        kind: 'visitor',
        key: hashing.visitorCap(site, name),
        max: Math.max(visitor, Math.min(visitor * NETWORK_FACTORS[prefix], half)),
      }),
    ),
  ];
}

/** The keys of the counters of a lead's number and site. */
export function capKeys(hashing: Hashing, site: string, phoneHash: Buffer): Readonly<Record<CapKind, Buffer>> {
  return {
    phone: hashing.phoneCap(site, phoneHash),
    phone_total: hashing.phoneTotalCap(phoneHash),
    site: hashing.siteCap(site),
  };
}

/** The refusal of a lead beyond ten times the cap of its number or site, or beyond the daily maximum of a visitor or network. */
export function overCap(kind: Cap['kind'], now: number): Refusal {
  const retryAfterS = secondsToNextDay(now);
  switch (kind) {
    case 'phone':
    case 'phone_total':
      return new Refusal('phone_limit_reached', 'Too many requests for this number today.', { retryAfterS });
    case 'site':
      return new Refusal('site_limit_reached', 'Too many requests for this site today.', { retryAfterS });
    case 'visitor':
      return new Refusal('rate_limited', 'Too many requests from this address or its network today.', { retryAfterS });
  }
}
