import type { XStatic } from 'typebox/schema';
import { DEFAULT_FORM } from '../defaults.ts';
import * as value from './values.ts';

const field = (description: string) =>
  value.choice(['shown', 'hidden', 'required'], { description, default: 'shown', examples: ['required'] });

/** A language tag, at most with a region or script: as `lang` attributes spell it. */
const LANGUAGE = '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$';
const LANGUAGE_RULE = 'use a language such as en or pt-BR';
/** Excludes `button`: the button is shown before the site's form is fetched, so its label would change while a visitor presses it. */
const TEXT_NAME = '^(?!button$)[A-Za-z][A-Za-z0-9]{0,31}$';
const TEXT_NAME_RULE =
  'use the name of a text, 1 to 32 letters and digits; the words of "button" are given by the page';

const Texts = {
  type: 'object',
  patternProperties: {
    [TEXT_NAME]: {
      type: 'string',
      description: 'One text.',
      maxLength: 1000,
      errorMessage: 'use a text of up to 1,000 characters',
      examples: ['Ask us about this car'],
    },
  },
  additionalProperties: false,
  maxProperties: 64,
  description: "Texts by the names of the button's messages.",
  errorMessage: 'use an object of texts by name, 64 at most',
  nameMessage: TEXT_NAME_RULE,
  examples: [{ heading: 'Ask us about this car' }],
} as const;

/** The `form` of a site. */
export const FormEntry = {
  type: 'object',
  properties: {
    token: value.choice(['required', 'optional'], {
      description:
        "Whether a script's lead needs a form token. A plain HTML form cannot have one: its leads are then held for release.",
      default: DEFAULT_FORM.token,
      examples: ['required'],
    }),
    minFillS: value.integer(0, 60, {
      description:
        'Shortest time in seconds that a person needs to fill in the form; a lead that comes sooner is held.',
      default: DEFAULT_FORM.minFillS,
      examples: [3],
    }),
    proof: value.choice(['off', 'adaptive', 'always'], {
      description:
        'When a visitor has to bring a proof of work, which the button computes unseen: never, after the first leads of an ' +
        'address in a day, or always.',
      default: DEFAULT_FORM.proof,
      examples: ['adaptive'],
    }),
    adaptiveAfter: value.integer(0, 1_000_000, {
      description: 'With "adaptive": how many leads of one address in a UTC day need no proof.',
      default: DEFAULT_FORM.adaptiveAfter,
      examples: [5],
    }),
    fields: {
      type: 'object',
      properties: {
        firstName: field('The first name.'),
        lastName: field('The last name.'),
        question: field('The question.'),
      },
      additionalProperties: false,
      description: 'Fields besides the phone number. A lead without a required field is refused with a message.',
      errorMessage: 'use an object such as { "lastName": "hidden" }',
      examples: [{ firstName: 'required', lastName: 'hidden' }],
    },
    texts: {
      type: 'object',
      patternProperties: { [LANGUAGE]: Texts },
      additionalProperties: false,
      maxProperties: 32,
      description:
        "The site's own words in the button's dialog, by language. The name \"consent\" is the consent's text.",
      errorMessage: 'use an object of texts by language',
      nameMessage: LANGUAGE_RULE,
      examples: [{ en: { heading: 'Ask us about this car' }, es: { heading: 'Pregúntenos por este auto' } }],
    },
  },
  additionalProperties: false,
  description: "What a visitor's form shows, and what a lead from it must contain.",
  errorMessage: 'use an object such as { "proof": "adaptive" }',
  examples: [{ token: 'required', proof: 'adaptive' }],
} as const;

export type FormContent = XStatic<typeof FormEntry>;
