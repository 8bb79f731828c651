import type { Lead } from '../conversation/types.ts';
import { listingDetails } from './listing.ts';

/** A value that is quoted only in part counts from this many words on, since texts are cut when they are quoted. */
const MIN_CUT_WORDS = 4;

/** Stands where a value was, so that the words around it do not join to a phrase. */
const GAP = '·';

/**
 * The words of `description` in lower case, one space apart and without punctuation, with everything that the lead
 * itself brought replaced by a gap: a Failure that quotes "is my password wrong?" says nothing of our password.
 * Values are found word by word, so a first name `A` shreds no other word. A number in other spellings than these is
 * left alone: digits match no phrase.
 */
export function withoutOwnValues(description: string, lead: Lead): string {
  const words = wordsOf(description);
  const values = ownValues(lead);
  const left: string[] = [];
  // Values overlap: a spelling that seems to be cut short is often the beginning of another one that goes on.
  let takenUntil = 0;
  for (const [at, word] of words.entries()) {
    const end = at + Math.max(0, ...values.map((value) => lengthAt(words, at, value)));
    if (at >= takenUntil) left.push(end > at ? GAP : word);
    takenUntil = Math.max(takenUntil, end);
  }
  return left.join(' ');
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

function ownValues(lead: Lead): readonly string[][] {
  const { phone, target, listing } = lead;
  const texts = [
    lead.question,
    lead.firstName,
    lead.lastName,
    lead.page?.title,
    phone.e164,
    phone.national,
    phone.callingCode + phone.national,
    lead.placementId?.toString(),
    'merchantId' in target ? String(target.merchantId) : target.advertiserId,
    ...(listing === undefined ? [] : listingTexts(listing)),
  ].filter((text) => text !== undefined);
  return texts
    .flatMap(spellings)
    .map(wordsOf)
    .filter((words) => words.length > 0);
}

/** Each value and the listing as a whole, as each format sends it. Names of values are words like any other. */
function listingTexts(listing: NonNullable<Lead['listing']>): readonly string[] {
  const whole = (['text', 'json', 'urlencoded'] as const).map((format) => listingDetails(listing, format) ?? '');
  return typeof listing === 'string' ? [listing] : [...whole, ...Object.values(listing).map(String)];
}

/** A text as it is, and as it looks once escaped for JSON, a query (a space as `+` or `%20`), XML or HTML. */
function spellings(text: string): readonly string[] {
  const xml = text.replace(/[&<>"']/g, (char) => ESCAPED[char] ?? char);
  const query = new URLSearchParams([['', text]]).toString();
  return [
    ...new Set([
      text,
      JSON.stringify(text),
      query,
      query.replaceAll('+', '%20'),
      xml,
      xml.replaceAll('&apos;', '&#39;'),
    ]),
  ];
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** How many words from `at` on are `value`, in full or cut short, be it through a word; 0 where they are not. */
function lengthAt(words: readonly string[], at: number, value: readonly string[]): number {
  let length = 0;
  while (length < value.length && words[at + length] === value[length]) length += 1;
  const isWhole = length === value.length;
  if (!isWhole && value[length]?.startsWith(words[at + length] ?? GAP)) length += 1;
  return isWhole || length >= MIN_CUT_WORDS ? length : 0;
}
