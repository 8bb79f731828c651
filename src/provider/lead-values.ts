import { foldWords } from '../domain/failure-pattern.ts';
import type { Lead } from '../domain/lead.ts';
import { listingDetails } from './listing.ts';

/** A description may quote a shortened value. At least this many of its words have to match. */
const MIN_CUT_WORDS = 4;

/** Replaces a value, so that the words around it do not form a phrase. */
const GAP = '·';

/** Separates two sentences, so that words of both do not form a phrase. */
export const BREAK = '|';
const SENTENCE_END = /[.!?](?:\s+|$)|[\r\n]+/;

/**
 * The words of `description` in lower case, separated by one space and without punctuation, with `|` between sentences,
 * and with each value of the lead replaced by a gap: a Failure that quotes the question "is my password wrong?" says nothing of our password.
 * Values are matched by whole words, so the first name `A` changes no other word. A phone number in a spelling that is
 * not listed below stays, since digits match no phrase.
 */
export function stripLeadValues(description: string, lead: Lead): string {
  const sentences = description.split(SENTENCE_END).map(foldWords);
  const words = sentences.flat();
  const starts = new Set(startsOf(sentences));
  const values = valuesOf(lead);
  const left: string[] = [];
  // Values overlap: a match that looks shortened is often the beginning of a longer value.
  let takenUntil = 0;
  for (const [at, word] of words.entries()) {
    const end = at + Math.max(0, ...values.map((value) => matchLength(words, at, value)));
    if (at >= takenUntil) {
      if (starts.has(at)) left.push(BREAK);
      left.push(end > at ? GAP : word);
    }
    takenUntil = Math.max(takenUntil, end);
  }
  return left.join(' ');
}

/** A message is cut to this many characters, because longer messages differ only in details that do not matter for grouping. */
const MAX_MESSAGE_CHARS = 200;

/**
 * The description as a message that leads may have in common: without the values of the lead, and with a gap for each word that
 * has a digit in it, such as a time, a number or an id. `undefined` if no word is left.
 */
export function messageOf(description: string | undefined, lead: Lead): string | undefined {
  if (description === undefined) return undefined;
  const words = stripLeadValues(description, lead)
    .split(' ')
    .map((word) => (/\p{N}/u.test(word) ? GAP : word));
  const text = words
    .join(' ')
    .replaceAll(/·(?: ·)+/g, GAP)
    .slice(0, MAX_MESSAGE_CHARS);
  return /\p{L}/u.test(text) ? text : undefined;
}

/** The index of the first word of each sentence but the first one. */
function startsOf(sentences: readonly string[][]): number[] {
  let at = 0;
  const starts = sentences.map((sentence) => {
    at += sentence.length;
    return at - sentence.length;
  });
  return starts.filter((start, i) => start > 0 && start < at && sentences[i]?.length !== 0);
}

function valuesOf(lead: Lead): readonly string[][] {
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
    .map(foldWords)
    .filter((words) => words.length > 0);
}

/** Each value, and the whole listing in each wire format. The names of the values alone are not stripped. */
function listingTexts(listing: NonNullable<Lead['listing']>): readonly string[] {
  const whole = (['text', 'json', 'urlencoded'] as const).map((format) => listingDetails(listing, format) ?? '');
  return typeof listing === 'string' ? [listing] : [...whole, ...Object.values(listing).map(String)];
}

/** The text itself, and the text escaped for JSON, a query (a space as `+` or `%20`), XML and HTML. */
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

/** The number of words from `at` on that match `value`, whole or shortened (even within a word); 0 for no match. */
function matchLength(words: readonly string[], at: number, value: readonly string[]): number {
  let length = 0;
  while (length < value.length && words[at + length] === value[length]) length += 1;
  const isWhole = length === value.length;
  if (!isWhole && value[length]?.startsWith(words[at + length] ?? GAP)) length += 1;
  return isWhole || length >= MIN_CUT_WORDS ? length : 0;
}
