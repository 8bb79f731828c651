import { type FailurePattern, foldWords } from '../domain/failure-pattern.ts';
import { escapePointer } from '../lib/text.ts';
import type { Findings } from './findings.ts';
import type { FailurePatternsContent } from './schema/failure-patterns.ts';

/** Checks what the schema cannot in `${at}/failurePatterns`: two spellings of one text, and a reason without a rejection. */
export function checkFailurePatterns(
  at: string,
  content: FailurePatternsContent | undefined,
  findings: Findings,
): void {
  if (content === undefined || !findings.sound(`${at}/failurePatterns`)) return;
  const spellings = new Map<string, string>();
  for (const [text, value] of Object.entries(content)) {
    const pointer = `${at}/failurePatterns/${escapePointer(text)}`;
    if (!findings.sound(pointer)) continue;
    const words = foldWords(text).join(' ');
    const other = spellings.get(words);
    if (other !== undefined) {
      findings.add(pointer, { problem: `has the same words as "${other}"`, fix: 'keep one of the two' });
    }
    spellings.set(words, text);
    if (typeof value === 'object' && value.reason !== undefined && value.class !== 'rejected') {
      findings.add(`${pointer}/reason`, {
        problem: `has no effect, because only a rejected lead has a reason`,
        fix: 'remove it, or use the class rejected',
      });
    }
  }
}

/** Builds valid patterns; `undefined` where there are none. */
export function buildFailurePatterns(
  content: FailurePatternsContent | undefined,
): readonly FailurePattern[] | undefined {
  if (content === undefined) return undefined;
  return Object.entries(content).map(([text, value]): FailurePattern => {
    const shared = { text, words: foldWords(text).join(' ') };
    const { class: name, reason = 'other' } = typeof value === 'string' ? { class: value } : value;
    return name === 'rejected' ? { ...shared, class: name, reason } : { ...shared, class: name };
  });
}
