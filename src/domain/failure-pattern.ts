import type { RejectionReason } from './lead.ts';

/**
 * What a pattern may say of a Failure: every class of an outcome except `delivered`, because only the provider's Success
 * delivers. `unknown` is for a text that the provider sends although it may have opened the conversation.
 */
export const PATTERN_CLASSES = ['rejected', 'credentials', 'not_sent', 'refused', 'unknown'] as const;

/** One rule of an operator: a Failure whose description holds `words` has this class. */
export type FailurePattern = {
  /** As the configuration file spells it. */
  readonly text: string;
  /** The words of `text` as `foldWords` gives them, with one space between two. */
  readonly words: string;
} & (
  | { readonly class: Exclude<(typeof PATTERN_CLASSES)[number], 'rejected'> }
  | { readonly class: 'rejected'; readonly reason: RejectionReason }
);

/** The patterns that apply to a lead. Those of its site come before those of its provider account. */
export type FailurePatterns = {
  readonly site: readonly FailurePattern[];
  readonly account: readonly FailurePattern[];
};

export const NO_PATTERNS: FailurePatterns = Object.freeze({ site: [], account: [] });

/**
 * The words of a text in the form in which descriptions and patterns are compared: lower case, without compatibility forms
 * (NFKC), punctuation and white space. A word is a run of letters, marks and digits.
 */
export function foldWords(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  );
}

/**
 * The pattern whose words stand in `description` next to each other and whole. Where several do, the longest one decides,
 * because it says the most; the order of the file decides nothing.
 *
 * @param description words in folded form, separated by single spaces
 */
export function findPattern(description: string, patterns: readonly FailurePattern[]): FailurePattern | undefined {
  const padded = ` ${description} `;
  return patterns
    .filter(({ words }) => padded.includes(` ${words} `))
    .reduce<FailurePattern | undefined>(
      (longest, pattern) => (longest && longest.words.length >= pattern.words.length ? longest : pattern),
      undefined,
    );
}
