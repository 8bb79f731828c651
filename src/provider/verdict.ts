import { type FailurePattern, type FailurePatterns, findPattern } from '../domain/failure-pattern.ts';
import type { Lead } from '../domain/lead.ts';
import type { Outcome } from '../domain/provider.ts';
import { classifyWords, type FailureSubject } from './failure.ts';
import { BREAK, stripLeadValues } from './lead-values.ts';

/** Which rule decides about a Failure: a pattern of the site or of the account, or the built-in rules. */
export type Verdict =
  | { readonly rule: 'site' | 'account'; readonly pattern: FailurePattern }
  | { readonly rule: 'built_in'; readonly subject: FailureSubject };

/**
 * Finds the rule for a Failure's description. The patterns of the lead's site come first, then those of its account, then
 * the built-in rules. Patterns are compared after the lead's own values are removed, so that no visitor can choose the
 * class by a text that the provider quotes.
 */
export function judgeFailure(description: string | undefined, lead: Lead, patterns: FailurePatterns): Verdict {
  if (description === undefined) return { rule: 'built_in', subject: 'other' };
  const stripped = stripLeadValues(description, lead);
  const words = comparedWords(stripped);
  for (const rule of ['site', 'account'] as const) {
    const pattern = findPattern(words, patterns[rule]);
    if (pattern) return { rule, pattern };
  }
  return { rule: 'built_in', subject: classifyWords(stripped) };
}

/** The words of stripped text without the marks between sentences: a pattern may be copied from several sentences. */
export function comparedWords(stripped: string): string {
  return stripped
    .split(' ')
    .filter((word) => word !== BREAK)
    .join(' ');
}

/** The outcome of a readable Failure. */
export function outcomeOfFailure(verdict: Verdict, description: string | undefined, lead: Lead): Outcome {
  const text = description === undefined ? {} : { description };
  return verdict.rule === 'built_in'
    ? outcomeOfSubject(verdict.subject, text, lead)
    : outcomeOfPattern(verdict.pattern, `pattern_${verdict.rule}`, text, lead);
}

type Described = { readonly description?: string };

function outcomeOfSubject(subject: FailureSubject, text: Described, lead: Lead): Outcome {
  const cause = `failure_${subject}`;
  switch (subject) {
    case 'phone':
      return { class: 'rejected', reason: 'phone', cause, ...text };
    case 'target':
      return targetFailure(cause, text, lead);
    case 'credentials':
      return { class: 'credentials', cause, ...text };
    case 'unavailable':
      return { class: 'not_sent', cause };
    case 'other':
      return { class: 'refused', cause, ...text };
  }
}

function outcomeOfPattern(pattern: FailurePattern, cause: string, text: Described, lead: Lead): Outcome {
  switch (pattern.class) {
    case 'rejected':
      return pattern.reason === 'target'
        ? targetFailure(cause, text, lead)
        : { class: 'rejected', reason: pattern.reason, cause, ...text };
    default:
      return { class: pattern.class, cause, ...text };
  }
}

/** The request is not at fault for a target from our own configuration. */
function targetFailure(cause: string, text: Described, lead: Lead): Outcome {
  return lead.targetFrom === 'caller'
    ? { class: 'rejected', reason: 'target', cause, ...text }
    : { class: 'refused', cause, ...text };
}
