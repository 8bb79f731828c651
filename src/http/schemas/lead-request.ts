import type { XStatic } from 'typebox/schema';

/**
 * The body of `POST /conversations`: shapes and lengths (in code points). What needs the site or the meaning of a value
 * (targets, numbers, consent) is the domain's to check.
 *
 * A plain JSON Schema whose type TypeBox infers: its builders would cost every start 200 ms and give the same object.
 */
export const LEAD_REQUEST = {
  $id: 'LeadRequest',
  type: 'object',
  title: 'Lead',
  description: 'A visitor who wants to be texted, and what about.',
  required: ['consumer'],
  additionalProperties: false,
  properties: {
    site: {
      type: 'string',
      description:
        'Public key of a configured site. Needed from a browser; a partner may leave it out for its default site.',
      minLength: 1,
      maxLength: 64,
      examples: ['demo'],
    },
    advertiserId: {
      type: 'string',
      description:
        "Your own id of the merchant. Never beside merchantId; where neither comes, the site's default target applies.",
      minLength: 1,
      maxLength: 64,
      examples: ['1659'],
    },
    merchantId: {
      type: 'integer',
      description: "The provider's id of the merchant. Never beside advertiserId.",
      minimum: 1,
      maximum: 2147483647,
      examples: [50321],
    },
    placementId: {
      type: 'integer',
      description: 'The place on the site that the visitor clicked from, for reporting; the site may set a default.',
      minimum: 1,
      maximum: 2147483647,
      examples: [7],
    },
    consumer: {
      type: 'object',
      description: 'The visitor.',
      required: ['phone'],
      additionalProperties: false,
      properties: {
        phone: {
          type: 'string',
          description: 'A mobile number in any spelling.',
          minLength: 1,
          maxLength: 64,
          examples: ['(404) 555-1212'],
        },
        country: {
          type: 'string',
          description:
            "Two capital letters of ISO 3166-1, such as US: how a number without a country code is read. Default: the site's country.",
          pattern: '^([A-Z]{2}|\\s*)$',
          maxLength: 64,
          examples: ['US'],
        },
        firstName: { type: 'string', description: 'First name.', maxLength: 64, examples: ['Ann'] },
        lastName: { type: 'string', description: 'Last name.', maxLength: 64, examples: ["O'Neil"] },
        question: {
          type: 'string',
          description: 'What the visitor wants to know.',
          maxLength: 1000,
          examples: ['Is the 2019 Civic still available?'],
        },
      },
    },
    listing: {
      description: 'What the visitor looks at: a text that is passed on as it is, or names with values.',
      examples: [{ year: '2019', make: 'Honda', model: 'Civic', vin: '2HGFC2F59KH500000' }],
      anyOf: [
        { type: 'string', title: 'Text', maxLength: 2000, examples: ['2019 Honda Civic, stock number 1234'] },
        {
          type: 'object',
          title: 'Names and values',
          maxProperties: 32,
          propertyNames: { type: 'string', minLength: 1, maxLength: 64 },
          additionalProperties: { type: ['string', 'number', 'boolean'], maxLength: 256 },
          examples: [{ year: '2019', make: 'Honda', model: 'Civic' }],
        },
      ],
    },
    consent: {
      type: 'object',
      description: 'What the visitor agreed to; needed where the site says so.',
      additionalProperties: false,
      properties: {
        text: {
          type: 'string',
          description: 'The words that were agreed to.',
          maxLength: 1000,
          examples: ['I agree to be texted about this car.'],
        },
        version: { type: 'string', description: 'Version of those words.', maxLength: 64, examples: ['2026-11'] },
      },
    },
    page: {
      type: 'object',
      description: 'The page that the visitor clicked on.',
      additionalProperties: false,
      properties: {
        url: {
          type: 'string',
          description: 'Its absolute http or https URL.',
          maxLength: 2048,
          examples: ['https://dealer.example/inventory/1'],
        },
        title: { type: 'string', description: 'Its title.', maxLength: 256, examples: ['2019 Honda Civic'] },
      },
    },
    reference: {
      type: 'string',
      description:
        "A partner's own id of the lead, 1 to 128 visible characters without spaces; refused without the key of a partner. It comes back in " +
        'answers to that partner, in lists and in callbacks, is not sent to the provider, and does not tell two leads apart: a repetition ' +
        'under another reference is answered with the first one. It should name no person; it is erased with the lead.',
      maxLength: 128,
      examples: ['order-20261128-0042'],
    },
    formToken: {
      type: 'string',
      description:
        "The form token of GET /sites/{key}/form, good for one lead. Needed where the site says so; a partner's is not looked at.",
      maxLength: 256,
      examples: ['AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJkLzXcVbNm1234'],
    },
    proof: {
      type: 'string',
      description:
        'The solved challenge of GET /sites/{key}/form: base64 of a JSON object with the challenge as it came and its solution ' +
        "(ALTCHA, version 2), good for one lead. A partner's is not looked at.",
      maxLength: 4096,
      examples: ['eyJjaGFsbGVuZ2UiOnt9LCJzb2x1dGlvbiI6e319'],
    },
    trap: {
      type: 'string',
      description:
        'A field that no person sees. A lead with something in it is held for release, and answered like any other.',
      maxLength: 1000,
      examples: [''],
    },
  },
  examples: [
    {
      site: 'demo',
      advertiserId: '1659',
      placementId: 7,
      consumer: {
        phone: '(404) 555-1212',
        country: 'US',
        firstName: 'Ann',
        lastName: "O'Neil",
        question: 'Is the 2019 Civic still available?',
      },
      listing: { year: '2019', make: 'Honda', model: 'Civic', vin: '2HGFC2F59KH500000' },
      consent: { text: 'I agree to be texted about this car.', version: '2026-11' },
      page: { url: 'https://dealer.example/inventory/1', title: '2019 Honda Civic' },
    },
  ],
} as const;

export type LeadRequestBody = XStatic<typeof LEAD_REQUEST>;
