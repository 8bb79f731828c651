import type { XStatic } from 'typebox/schema';
import { DEFAULT_PROVIDER } from '../defaults.ts';
import { name } from './names.ts';
import { FormEntry } from './site-form.ts';
import { DefaultTarget, Targets } from './targets.ts';
import * as value from './values.ts';

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
    form: FormEntry,
    provider: name('Provider account that delivers the leads.', { default: DEFAULT_PROVIDER, examples: ['europe'] }),
  },
  additionalProperties: false,
  description: 'One site.',
  errorMessage: 'use an object with name, origins, country and targets',
} as const;

export type SiteContent = XStatic<typeof SiteEntry>;
