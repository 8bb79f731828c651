import type { XStatic } from 'typebox/schema';
import { DEFAULT_PROVIDER } from '../defaults.ts';
import { CallbacksEntry } from './callbacks.ts';
import { FailurePatternsEntry } from './failure-patterns.ts';
import { FormEntry } from './site-form.ts';
import * as value from './values.ts';
import { Everything, name } from './values.ts';

/** Schema of the merchants that a site or partner may reach. */
export const Targets = (description: string) =>
  ({
    type: 'object',
    properties: {
      advertiserIds: {
        anyOf: [{ type: 'array', items: value.AdvertiserId, maxItems: 100_000 }, Everything],
        description: 'Merchants that leads may name by advertiserId, or "*" for all. Left out: none.',
        errorMessage: 'use a list of texts such as ["1659"], or "*"',
        examples: [['1659', '1660'], '*'],
      },
      merchantIds: {
        anyOf: [{ type: 'array', items: value.MerchantId, maxItems: 100_000 }, Everything],
        description: 'Merchants that leads may name by merchantId, or "*" for all. Left out: none.',
        errorMessage: 'use a list of integers such as [20418], or "*"',
        examples: [[20418], '*'],
      },
    },
    additionalProperties: false,
    description,
    errorMessage: 'use an object such as { "advertiserIds": ["1659"] }',
    examples: [{ advertiserIds: ['1659'] }],
  }) as const;

const DefaultTarget = {
  type: 'object',
  properties: { advertiserId: value.AdvertiserId, merchantId: value.MerchantId },
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  description: 'Target of leads that name none. It must be one of the allowed targets.',
  errorMessage: 'use one of { "advertiserId": "1659" } and { "merchantId": 20418 }',
  examples: [{ advertiserId: '1659' }],
} as const;

export type TargetsContent = XStatic<ReturnType<typeof Targets>>;
export type DefaultTargetContent = XStatic<typeof DefaultTarget>;

const country = (description: string) =>
  ({
    type: 'string',
    description,
    format: 'country',
    errorMessage: 'use two capital letters such as US',
    examples: ['US'],
  }) as const;

/** An entry of `sites`. */
export const SiteEntry = {
  type: 'object',
  required: ['name', 'origins', 'country'],
  properties: {
    name: {
      type: 'string',
      description: 'Display name of the site.',
      maxLength: 128,
      pattern: '\\S',
      errorMessage: 'use a text of 1 to 128 characters',
      examples: ['Example Motors'],
    },
    origins: {
      type: 'array',
      items: { type: 'string', format: 'origin', errorMessage: 'use an origin such as https://dealer.example' },
      description:
        'Origins of the pages that carry the button. Empty for partners only; "*" alone for any page at all.',
      errorMessage: 'use a list such as ["https://dealer.example"]',
      examples: [['https://dealer.example', 'https://www.dealer.example']],
    },
    test: {
      type: 'boolean',
      description: 'Makes a test site: the simulator gets its leads, and the provider gets none of them.',
      default: false,
      errorMessage: 'use true or false',
      examples: [true],
    },
    allowAnyOrigin: {
      type: 'boolean',
      description: 'Confirms that "*" in origins is intended; required for it in production.',
      default: false,
      errorMessage: 'use true or false',
      examples: [true],
    },
    targets: Targets('Merchants that the site reaches. Left out: the default target alone.'),
    defaultTarget: DefaultTarget,
    placementId: value.PlacementId,
    country: country('How numbers without a country code are read.'),
    countries: {
      type: 'array',
      items: country('One country.'),
      description: "Countries whose phone numbers are accepted. Left out: the site's own country.",
      minItems: 1,
      errorMessage: 'use a list such as ["US", "CA"]',
      examples: [['US', 'CA']],
    },
    consent: {
      type: 'object',
      properties: {
        required: {
          type: 'boolean',
          description: 'Whether a lead without consent is refused.',
          default: false,
          errorMessage: 'use true or false',
          examples: [true],
        },
        text: {
          type: 'string',
          description: 'Text that the button asks the visitor to agree to.',
          maxLength: 1000,
          pattern: '\\S',
          format: 'xml-line',
          errorMessage: 'use a text of 1 to 1,000 characters',
          examples: ['I agree to be texted about my question. Message rates may apply.'],
        },
        version: {
          type: 'string',
          description: 'Version of that text; it is stored with the lead.',
          maxLength: 64,
          pattern: '\\S',
          format: 'xml-line',
          errorMessage: 'use a text of 1 to 64 characters',
          examples: ['2026-11'],
        },
      },
      additionalProperties: false,
      description: "The consumer's consent to be texted.",
      errorMessage: 'use an object such as { "required": true }',
      examples: [{ required: true, text: 'I agree to be texted about this car.', version: '2026-11' }],
    },
    dailyMax: {
      type: 'object',
      properties: { phone: value.PhoneDailyMax, site: value.SiteDailyMax },
      additionalProperties: false,
      description: 'Daily caps of the site. Left out: PHONE_DAILY_MAX and SITE_DAILY_MAX.',
      errorMessage: 'use an object such as { "phone": 5, "site": 2000 }',
      examples: [{ phone: 5, site: 2000 }],
    },
    unknownOutcome: value.UnknownOutcome,
    failurePatterns: FailurePatternsEntry,
    form: FormEntry,
    provider: name('Provider account that delivers the leads.', { default: DEFAULT_PROVIDER, examples: ['europe'] }),
    callbacks: CallbacksEntry,
  },
  additionalProperties: false,
  description: 'One site.',
  errorMessage: 'use an object with name, origins, country and targets',
} as const;

export type SiteContent = XStatic<typeof SiteEntry>;
