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

const SPAN_RULE = 'use spans such as "09:00-18:00", up to 24:00';

const Spans = {
  type: 'array',
  items: {
    type: 'string',
    pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$',
    errorMessage: SPAN_RULE,
  },
  maxItems: 8,
  description: 'When the site is open on this day: beginning and end of each span, as HH:MM-HH:MM.',
  errorMessage: 'use a list such as ["09:00-12:00", "13:00-18:00"]',
  examples: [['09:00-18:00']],
} as const;

const Hours = {
  type: 'object',
  required: ['timeZone', 'week'],
  properties: {
    timeZone: {
      type: 'string',
      description: 'IANA name of the time zone.',
      maxLength: 64,
      format: 'time-zone',
      errorMessage: 'use an IANA name such as Europe/Berlin',
      examples: ['America/New_York'],
    },
    week: {
      type: 'object',
      properties: { sun: Spans, mon: Spans, tue: Spans, wed: Spans, thu: Spans, fri: Spans, sat: Spans },
      additionalProperties: false,
      minProperties: 1,
      description: 'Spans of each weekday. A day that is left out is closed.',
      errorMessage: 'use an object such as { "mon": ["09:00-18:00"] }',
      examples: [{ mon: ['09:00-18:00'], sat: ['10:00-14:00'] }],
    },
    closedOn: {
      type: 'array',
      items: { type: 'string', format: 'calendar-date', errorMessage: 'use a date such as 2026-12-25' },
      maxItems: 366,
      description: 'Days that are closed whatever their weekday.',
      errorMessage: 'use a list such as ["2026-12-25"]',
      examples: [['2026-12-25']],
    },
  },
  additionalProperties: false,
  description:
    'Opening hours. The form says until when somebody answers, and outside them when the next answer may come.',
  errorMessage: 'use an object with timeZone and week',
  examples: [{ timeZone: 'America/New_York', week: { mon: ['09:00-18:00'] } }],
} as const;

const flag = (description: string) =>
  ({ type: 'boolean', description, default: false, errorMessage: 'use true or false', examples: [true] }) as const;

const pageUrl = (description: string, example: string) =>
  ({
    type: 'string',
    description,
    maxLength: 2048,
    format: 'page-url',
    errorMessage: 'use an absolute URL such as https://dealer.example/privacy',
    examples: [example],
  }) as const;

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
        name: value.choice(['shown', 'hidden', 'required'], {
          description:
            'One field for the whole name, in place of firstName and lastName. Its first word arrives as firstName, the rest as lastName.',
          default: 'hidden',
          examples: ['shown'],
        }),
      },
      additionalProperties: false,
      description: 'Fields besides the phone number. A lead without a required field is refused with a message.',
      errorMessage: 'use an object such as { "lastName": "hidden" }',
      examples: [{ firstName: 'required', lastName: 'hidden' }],
    },
    questionFirst: flag('Whether the question is the first field.'),
    listingHeading: flag(
      'Whether the heading is the listing, such as "2019 Honda Civic EX", unless texts has a heading.',
    ),
    confirmNumber: flag('Whether the form tells, after sending, which number is texted, with a way to correct it.'),
    phone: {
      type: 'object',
      properties: {
        placeholder: flag("Whether the empty field shows a number as the country's people write it."),
        format: flag('Whether a number is spaced as in its country when the visitor leaves the field.'),
        countryPicker: flag('Whether visitors choose a country, where the site allows several.'),
      },
      additionalProperties: false,
      description: 'Help with the phone number.',
      errorMessage: 'use an object such as { "placeholder": true }',
      examples: [{ placeholder: true, format: true }],
    },
    answerMinutes: value.integer(1, 10_080, {
      description: 'In how many minutes visitors usually get an answer, during the opening hours.',
      examples: [10],
    }),
    hours: Hours,
    links: {
      type: 'object',
      properties: {
        privacy: pageUrl('The privacy policy.', 'https://dealer.example/privacy'),
        terms: pageUrl('The terms.', 'https://dealer.example/terms'),
      },
      additionalProperties: false,
      description: 'Links beside the consent.',
      errorMessage: 'use an object such as { "privacy": "https://dealer.example/privacy" }',
      examples: [{ privacy: 'https://dealer.example/privacy', terms: 'https://dealer.example/terms' }],
    },
    textingNotice: flag(
      'Whether the form says that message and data rates may apply and that STOP ends the messages. It is recorded with the consent.',
    ),
    home: pageUrl(
      "Page to which the gateway's own pages lead back. Left out: the page of the form, or the first of the origins.",
      'https://dealer.example/',
    ),
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
