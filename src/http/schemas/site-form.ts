const field = (what: string) =>
  ({
    type: 'string',
    enum: ['shown', 'hidden', 'required'],
    description: `Whether the form has ${what}.`,
    examples: ['shown'],
  }) as const;

/** The data with which a button shows a site's form and sends a lead from it. */
export const SITE_FORM = {
  $id: 'SiteForm',
  type: 'object',
  title: 'Form of a site',
  description: "A site's rules and words for its form, and what has to come with a lead from it.",
  required: ['site', 'country', 'countries', 'consent', 'fields', 'lang', 'texts', 'formToken', 'minFillS'],
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
        notice: {
          type: 'string',
          description:
            'What the form says beside it about costs and the end of messages; it belongs to the words that are agreed to.',
          examples: ['Message and data rates may apply. Reply STOP to opt out.'],
        },
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
        name: field('one field for the whole name; its first word is sent as firstName, the rest as lastName'),
      },
    },
    lang: {
      type: 'string',
      description:
        'Language of the texts: the one that was asked for, or en where neither the gateway nor the site speaks it.',
      examples: ['en'],
    },
    texts: {
      type: 'object',
      description: "The words of the form by name: the gateway's own, replaced by those of the site.",
      additionalProperties: { type: 'string' },
      examples: [{ heading: 'Ask us about this car' }],
    },
    questionFirst: { type: 'boolean', description: 'Whether the question is the first field.', examples: [true] },
    confirmNumber: {
      type: 'boolean',
      description: 'Whether the form tells afterwards which number is texted.',
      examples: [true],
    },
    answer: {
      type: 'object',
      description: 'When an answer may be expected, at the time of this answer.',
      required: ['open', 'text'],
      additionalProperties: false,
      properties: {
        open: { type: 'boolean', description: 'False outside the opening hours.', examples: [true] },
        text: {
          type: 'string',
          description: 'The same in words.',
          examples: ['We usually answer within 10 minutes. Open until 6:00 PM EST.'],
        },
      },
    },
    links: {
      type: 'object',
      description: 'Pages beside the consent.',
      additionalProperties: false,
      properties: {
        privacy: {
          type: 'string',
          description: 'URL of the privacy policy.',
          examples: ['https://dealer.example/privacy'],
        },
        terms: { type: 'string', description: 'URL of the terms.', examples: ['https://dealer.example/terms'] },
      },
    },
    phoneCountries: {
      type: 'array',
      description:
        'Help with the number; several where visitors may choose a country. Send the chosen one as consumer.country.',
      items: {
        type: 'object',
        required: ['country', 'name', 'callingCode'],
        additionalProperties: false,
        properties: {
          country: { type: 'string', description: 'ISO 3166-1 alpha-2.', examples: ['US'] },
          name: { type: 'string', description: 'Its name in the language of the texts.', examples: ['United States'] },
          callingCode: { type: 'string', description: 'Without a plus.', examples: ['1'] },
          placeholder: { type: 'string', description: 'A number that nobody has.', examples: ['(201) 555-0123'] },
          formats: {
            type: 'array',
            description: 'Patterns of all typed digits, each with its replacement; the first that matches counts.',
            items: { type: 'array', items: { type: 'string' } },
            examples: [[['^(?=[2-9])(\\d{3})(\\d{3})(\\d{4})$', '($1) $2-$3']]],
          },
        },
      },
      examples: [
        [
          {
            country: 'US',
            name: 'United States',
            callingCode: '1',
            placeholder: '(201) 555-0123',
            formats: [['^(?=[2-9])(\\d{3})(\\d{3})(\\d{4})$', '($1) $2-$3']],
          },
        ],
      ],
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
      description: 'Language of the words, such as es or pt-BR.',
      maxLength: 64,
      examples: ['es'],
    },
  },
} as const;
