import type { Site } from '../../domain/site.ts';
import { defined } from '../../lib/values.ts';
import type { Issued } from '../screening/form-guard.ts';

const field = (what: string) =>
  ({
    type: 'string',
    enum: ['shown', 'hidden', 'required'],
    description: `Whether the form has ${what}.`,
    examples: ['shown'],
  }) as const;

/** What a button needs to show a site's form and to send a lead from it. */
export const SITE_FORM = {
  $id: 'SiteForm',
  type: 'object',
  title: 'Form of a site',
  description: "A site's rules and words for its form, and what has to come with a lead from it.",
  required: ['site', 'country', 'countries', 'consent', 'fields', 'texts', 'formToken', 'minFillS'],
  additionalProperties: false,
  properties: {
    site: { type: 'string', description: "The site's key.", examples: ['demo'] },
    country: {
      type: 'string',
      description: 'How a number without a country code is read (ISO 3166-1 alpha-2).',
      examples: ['US'],
    },
    countries: {
      type: 'array',
      description: 'Countries whose numbers are taken.',
      items: { type: 'string' },
      examples: [['US', 'CA']],
    },
    placementId: {
      type: 'integer',
      description: 'The placement of leads that name none, where the site has one.',
      examples: [7],
    },
    consent: {
      type: 'object',
      description: 'What the visitor agrees to.',
      required: ['required'],
      additionalProperties: false,
      properties: {
        required: { type: 'boolean', description: 'Whether a lead without consent is refused.', examples: [true] },
        text: {
          type: 'string',
          description: "The site's words for it, where it has some.",
          examples: ['I agree to be texted about this car.'],
        },
        version: { type: 'string', description: 'Version of those words; send it along.', examples: ['2026-11'] },
      },
    },
    fields: {
      type: 'object',
      description: 'Fields beside the phone.',
      required: ['firstName', 'lastName', 'question'],
      additionalProperties: false,
      properties: {
        firstName: field('a first name'),
        lastName: field('a last name'),
        question: field('a question'),
      },
    },
    texts: {
      type: 'object',
      description: "The site's own words in the language that was asked for, by name; others are the button's own.",
      additionalProperties: { type: 'string' },
      examples: [{ heading: 'Ask us about this car' }],
    },
    formToken: {
      type: 'string',
      description: 'Send it with the lead, from the same page. Good for one lead and for two hours.',
      examples: ['AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJkLzXcVbNm1234'],
    },
    minFillS: {
      type: 'integer',
      description: 'Seconds from now before which a lead with this token is held as a suspect.',
      examples: [2],
    },
    challenge: {
      type: 'object',
      description:
        'Only where a proof of work is asked for now: an ALTCHA challenge, version 2. Find the counter (32 bits, big-endian) for which ' +
        'SHA-256 of salt, nonce and counter begins with keyPrefix, and send it with the challenge as `proof`.',
      required: ['parameters', 'signature'],
      additionalProperties: false,
      properties: {
        parameters: {
          type: 'object',
          description: 'What to solve, signed.',
          // Passed on as the library made it: a changed or missing name would break the signature.
          additionalProperties: true,
          examples: [
            {
              algorithm: 'SHA-256',
              cost: 1,
              data: { expiresAt: 1795518000000, page: 'https://dealer.example', site: 'demo' },
              keyLength: 32,
              keyPrefix: '79b2e548bb6146911a90f6eaa6beb87e',
              nonce: '4ab32068e341aef98e629d412607e096',
              salt: '18cb734fd2f5f44e72a191eb2fef9518',
            },
          ],
        },
        signature: {
          type: 'string',
          description: 'Send it back as it is.',
          examples: ['4031b07d91e2defec698debb625a5b3f7c279334f95558d68359fe00d217a011'],
        },
      },
    },
  },
} as const;

export const SITE_FORM_PARAMS = {
  type: 'object',
  required: ['key'],
  properties: {
    key: { type: 'string', description: "The site's public key.", minLength: 1, maxLength: 64, examples: ['demo'] },
  },
} as const;

export const SITE_FORM_QUERY = {
  type: 'object',
  properties: {
    lang: {
      type: 'string',
      description: "Language of the site's own words, such as es or pt-BR.",
      maxLength: 64,
      examples: ['es'],
    },
  },
} as const;

/** The public view of a site's form. @param lang a language tag; one that nobody knows has no texts */
export function siteFormBody(site: Site, lang: string | undefined, issued: Issued) {
  const { consent: consentText = site.consentText, ...texts } = textsOf(site, lang);
  return defined({
    site: site.key,
    country: site.country,
    countries: [...site.countries],
    placementId: site.placementId,
    consent: defined({ required: site.consentRequired, text: consentText, version: site.consentVersion }),
    fields: site.form.fields,
    texts,
    minFillS: site.form.minFillS,
    ...issued,
  });
}

/** The site's texts in a language, else in the language without its region. */
function textsOf({ form }: Site, lang = ''): Readonly<Record<string, string>> {
  // Java and PHP write `es_MX`.
  const wanted = lang.toLowerCase().replaceAll('_', '-');
  return form.texts.get(wanted) ?? form.texts.get(wanted.split('-', 1)[0] ?? '') ?? {};
}
