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
          pattern: '^([A-Z]{2})?$',
          maxLength: 2,
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
