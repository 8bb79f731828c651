import type { XStatic } from 'typebox/schema';
import { named } from './names.ts';
import { PartnerEntry } from './partner.ts';
import { ProviderEntry } from './provider.ts';
import { SiteEntry } from './site.ts';

/** What the configuration file holds. */
export const FileSchema = {
  type: 'object',
  required: ['sites'],
  properties: {
    $schema: {
      type: 'string',
      description: 'Location of this schema, for editors.',
      errorMessage: 'use a path or URL',
      examples: ['./openapi/config.schema.json'],
    },
    sites: {
      ...named(SiteEntry),
      minProperties: 1,
      description: 'Sites by their public key, which the button sends.',
      errorMessage: 'use an object of at least one site, by key',
      examples: [{ 'example-motors': { name: 'Example Motors', origins: ['https://dealer.example'], country: 'US' } }],
    },
    partners: {
      ...named(PartnerEntry),
      description: 'Partners by their id: back ends that send leads with their own API key.',
      errorMessage: 'use an object of partners, by id',
      examples: [
        {
          'example-crm': {
            keys: ['sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
            defaultSite: 'example-motors',
          },
        },
      ],
    },
    providers: {
      ...named(ProviderEntry),
      description: 'Provider accounts by name. The account of PROVIDER_* is named "default".',
      errorMessage: 'use an object of accounts, by name',
      examples: [{ europe: { region: 'eu', providerId: 1002, username: 'gateway', passwordFile: 'password-eu' } }],
    },
  },
  additionalProperties: false,
  title: 'Text Connect Gateway: CONFIG_FILE',
  description: 'Sites, partners and provider accounts. Comments and trailing commas are allowed.',
  errorMessage: 'use an object with sites, partners and providers',
} as const;

export type FileContent = XStatic<typeof FileSchema>;
