import { DEFAULT_PROVIDER } from '../defaults.ts';
import { closed, name } from './names.ts';
import { FormEntry } from './site-form.ts';
import { DefaultTarget, Targets } from './targets.ts';
import { type Static, Type } from './type.ts';
import * as value from './values.ts';

const country = (description: string) =>
  Type.String({ description, format: 'country', errorMessage: 'use two capital letters such as US', examples: ['US'] });

/** An entry of `sites`. */
export const SiteEntry = Type.Object(
  {
    name: Type.String({
      description: 'Display name of the site.',
      maxLength: 128,
      pattern: '\\S',
      errorMessage: 'use a text of 1 to 128 characters',
      examples: ['Example Motors'],
    }),
    origins: Type.Array(
      Type.String({ format: 'origin', errorMessage: 'use an origin such as https://dealer.example' }),
      {
        description:
          'Origins of the pages that carry the button. Empty for partners only; "*" alone for any page at all.',
        errorMessage: 'use a list such as ["https://dealer.example"]',
        examples: [['https://dealer.example', 'https://www.dealer.example']],
      },
    ),
    allowAnyOrigin: Type.Optional(
      Type.Boolean({
        description: 'Confirms that "*" in origins is intended; required for it in production.',
        default: false,
        errorMessage: 'use true or false',
        examples: [true],
      }),
    ),
    targets: Type.Optional(Targets('Merchants that the site reaches. Left out: the default target alone.')),
    defaultTarget: Type.Optional(DefaultTarget),
    placementId: Type.Optional(value.PlacementId),
    country: country('How numbers without a country code are read.'),
    countries: Type.Optional(
      Type.Array(country('One country.'), {
        description: "Countries whose phone numbers are accepted. Left out: the site's own country.",
        minItems: 1,
        errorMessage: 'use a list such as ["US", "CA"]',
        examples: [['US', 'CA']],
      }),
    ),
    consent: Type.Optional(
      Type.Object(
        {
          required: Type.Optional(
            Type.Boolean({
              description: 'Whether a lead without consent is refused.',
              default: false,
              errorMessage: 'use true or false',
              examples: [true],
            }),
          ),
          text: Type.Optional(
            Type.String({
              description: 'Text that the button asks the visitor to agree to.',
              maxLength: 1000,
              pattern: '\\S',
              format: 'xml-line',
              errorMessage: 'use a text of 1 to 1,000 characters',
              examples: ['I agree to be texted about my question. Message rates may apply.'],
            }),
          ),
          version: Type.Optional(
            Type.String({
              description: 'Version of that text; it is stored with the lead.',
              maxLength: 64,
              pattern: '\\S',
              format: 'xml-line',
              errorMessage: 'use a text of 1 to 64 characters',
              examples: ['2026-11'],
            }),
          ),
        },
        {
          ...closed,
          description: "The consumer's consent to be texted.",
          errorMessage: 'use an object such as { "required": true }',
          examples: [{ required: true, text: 'I agree to be texted about this car.', version: '2026-11' }],
        },
      ),
    ),
    dailyMax: Type.Optional(
      Type.Object(
        { phone: Type.Optional(value.PhoneDailyMax), site: Type.Optional(value.SiteDailyMax) },
        {
          ...closed,
          description: 'Daily caps of the site. Left out: PHONE_DAILY_MAX and SITE_DAILY_MAX.',
          errorMessage: 'use an object such as { "phone": 5, "site": 2000 }',
          examples: [{ phone: 5, site: 2000 }],
        },
      ),
    ),
    unknownOutcome: Type.Optional(value.UnknownOutcome),
    form: Type.Optional(FormEntry),
    provider: Type.Optional(
      name('Provider account that delivers the leads.', { default: DEFAULT_PROVIDER, examples: ['europe'] }),
    ),
  },
  { ...closed, description: 'One site.', errorMessage: 'use an object with name, origins, country and targets' },
);

export type SiteContent = Static<typeof SiteEntry>;
