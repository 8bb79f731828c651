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
