import type { XStatic } from 'typebox/schema';
import { PATTERN_CLASSES } from '../../domain/failure-pattern.ts';
import { choice } from './values.ts';

const CLASS_RULE = `use one of ${PATTERN_CLASSES.join(', ')}; only the provider's Success is delivered`;

/** Bounds the work that one Failure causes: every pattern is compared with a description of at most 2,000 characters. */
const MAX_PATTERNS = 100;

/** The `failurePatterns` of a site or an account: what a Failure means, by a part of its description. */
export const FailurePatternsEntry = {
  type: 'object',
  additionalProperties: {
    anyOf: [
      { enum: PATTERN_CLASSES },
      {
        type: 'object',
        required: ['class'],
        properties: {
          class: {
            ...choice(PATTERN_CLASSES, { description: 'The class.', examples: ['rejected'] }),
            errorMessage: CLASS_RULE,
          },
          reason: choice(['phone', 'target', 'other'], {
            description: 'With "rejected": the reason that the visitor or partner is told.',
            default: 'other',
            examples: ['phone'],
          }),
        },
        additionalProperties: false,
      },
    ],
    description: 'The class of such a Failure, or an object with class and reason.',
    errorMessage: `${CLASS_RULE}; or an object such as { "class": "rejected", "reason": "phone" }`,
    examples: ['not_sent', { class: 'rejected', reason: 'phone' }],
  },
  propertyNames: { format: 'failure-text', maxLength: 200 },
  maxProperties: MAX_PATTERNS,
  nameMessage: 'use a part of a description: up to 200 characters on one line, with at least 3 letters or digits',
  description:
    "What a Failure of the provider means whose description holds a text, by that text. It is compared by whole words without regard to case, punctuation and white space, after the lead's own values are removed. The longest text that matches decides; a site's texts come before those of its account, and both before the built-in rules. At most 100.",
  errorMessage: 'use an object of classes by text, 100 at most, such as { "campaign is paused": "not_sent" }',
  examples: [{ 'campaign is paused': 'not_sent', 'handset cannot be reached': { class: 'rejected', reason: 'phone' } }],
} as const;

export type FailurePatternsContent = XStatic<typeof FailurePatternsEntry>;
