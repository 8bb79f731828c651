import { distance } from 'fastest-levenshtein';

/** Escapes one token of a JSON pointer (RFC 6901, section 3). */
export function escapePointer(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Splits a JSON pointer (RFC 6901) into its tokens, unescaped; the empty pointer has none. */
export function pointerTokens(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Escapes text for an HTML element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/**
 * Characters that control a terminal, change the direction of text, or are not visible: C0 and C1 controls, DEL, Unicode's
 * direction and line marks, zero-width characters, tags, and halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** Text on one line, in which every such character is escaped as in JSON. The parsed value of JSON stays the same. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/**
 * The candidate that `name` is most likely a misspelling of: at most a third of its letters away, and never more than
 * three; letter case counts for nothing. `undefined` when none is that close.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits];
  }
  return best;
}

/**
 * The Levenshtein distance: how many letters to add, drop or replace. Two letters that are swapped count as one edit, since
 * a swap is the most common slip of the hand: two edits between words of the same letters.
 */
export function editDistance(left: string, right: string): number {
  const edits = distance(left, right);
  return edits === 2 && sortLetters(left) === sortLetters(right) ? 1 : edits;
}

function sortLetters(word: string): string {
  return [...word].sort().join('');
}

/** Enough names to recognise what is meant, few enough for one line. */
const NAMES_SHOWN = 10;

/** The first names of a list of any length, and how many more there are. */
export function shortList(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
