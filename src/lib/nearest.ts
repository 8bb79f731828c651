import { distance } from 'fastest-levenshtein';

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
