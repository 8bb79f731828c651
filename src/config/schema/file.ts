import type { XStatic } from 'typebox/schema';
import { ROLES } from '../../domain/operator.ts';
import { PARTNER_RATE } from '../defaults.ts';
import { CallbacksEntry } from './callbacks.ts';
import { FailurePatternsEntry } from './failure-patterns.ts';
import { NotificationsEntry, PrivateHosts } from './notifications.ts';
import { SiteEntry, Targets } from './site.ts';
import * as value from './values.ts';
import { Everything, name, named, secretFile } from './values.ts';
import { WireEntry } from './wire.ts';

/** An entry of `providers`. */
const ProviderEntry = {
  // `providerId` is required by a rule: beside PROVIDER_* the default account holds failurePatterns alone.
  type: 'object',
  properties: {
    region: value.RegionName,
    url: value.Endpoint,
    providerId: value.ProviderId,
    username: value.Username,
    usernameFile: secretFile('File that holds the user name; relative to this one.', '/run/secrets/provider-username'),
    password: value.Password,
    passwordFile: secretFile('File that holds the password; relative to this one.', '/run/secrets/provider-password'),
    xml: {
      type: 'object',
      properties: {
        root: value.XmlRoot,
        namespace: value.XmlNamespace,
        order: value.XmlOrder,
        contentType: value.ContentType,
      },
      additionalProperties: false,
      description: 'How documents are written. What is left out is as UPSTREAM_XML_* and UPSTREAM_CONTENT_TYPE say.',
      errorMessage: 'use an object such as { "order": "alphabetical" }',
      examples: [{ order: 'alphabetical' }],
    },
    listingFormat: value.ListingFormat,
    wire: WireEntry,
    failurePatterns: FailurePatternsEntry,
  },
  additionalProperties: false,
  description: 'One account.',
  errorMessage: 'use an object with providerId, username and passwordFile',
} as const;

export type ProviderContent = XStatic<typeof ProviderEntry>;

/** An entry of `partners`. */
const PartnerEntry = {
  type: 'object',
  required: ['keys'],
  properties: {
    keys: {
      type: 'array',
      items: { type: 'string', format: 'key-hash', errorMessage: 'use sha256: and 64 hexadecimal digits' },
      description: 'SHA-256 of each valid key: two during a rotation, otherwise one.',
      minItems: 1,
      errorMessage: 'use a list of hashes such as ["sha256:…"]',
      examples: [['sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08']],
    },
    defaultSite: name('Site of a lead that names none, with all its rules.', { examples: ['example-motors'] }),
    sites: {
      anyOf: [{ type: 'array', items: name('One site.', { examples: ['example-motors'] }), minItems: 1 }, Everything],
      description: 'Sites that the partner may send leads for, or "*" for all. Left out: only its default site.',
      errorMessage: 'use a list of keys of sites, or "*"',
      examples: [['example-motors'], '*'],
    },
    targets: Targets('Narrows what the sites allow. Left out: all that they allow.'),
    rate: {
      type: 'object',
      properties: {
        max: value.integer(1, 1_000_000, {
          description: 'Requests within the window.',
          default: PARTNER_RATE.max,
          examples: [1200],
        }),
        windowS: value.integer(1, 86_400, {
          description: 'Length of the window in seconds.',
          default: PARTNER_RATE.windowS,
          examples: [60],
        }),
      },
      additionalProperties: false,
      description: 'How many requests the partner may make.',
      errorMessage: 'use an object such as { "max": 600, "windowS": 60 }',
      examples: [{ max: 600, windowS: 60 }],
    },
    callbacks: CallbacksEntry,
  },
  additionalProperties: false,
  description: 'One partner.',
  errorMessage: 'use an object with keys and sites',
} as const;

export type PartnerContent = XStatic<typeof PartnerEntry>;

/** An entry of `operators`. */
const OperatorEntry = {
  type: 'object',
  required: ['tokenHash', 'role'],
  properties: {
    tokenHash: {
      type: 'string',
      format: 'key-hash',
      description: 'SHA-256 of the token that the operator sends. Make both with keys new --operator.',
      errorMessage: 'use sha256: and 64 hexadecimal digits',
      examples: ['sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    },
    role: value.choice(ROLES, {
      description:
        'viewer: reads without personal data. operator: also reveals, exports, looks up, sends, erases and suppresses. admin: everything.',
      examples: ['operator'],
    }),
    expires: {
      type: 'string',
      description:
        'Last day (UTC) on which the token is accepted, or a time with its zone. Left out: it does not expire.',
      format: 'expiry',
      errorMessage: 'use a date such as 2027-06-30',
      examples: ['2027-06-30'],
    },
  },
  additionalProperties: false,
  description: 'One operator.',
  errorMessage: 'use an object with tokenHash and role',
} as const;

/** Schema of the configuration file. */
export const FileSchema = {
  type: 'object',
  properties: {
    $schema: {
      type: 'string',
      description: 'Location of this schema, for editors.',
      errorMessage: 'use a path or URL',
      examples: ['./openapi/config.schema.json'],
    },
    sites: {
      ...named(SiteEntry),
      description:
        'Sites by their public key, which the button sends. Left out: only those of the store, if there are any (docs/sites.md).',
      errorMessage: 'use an object of sites, by key',
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
    operators: {
      ...named(OperatorEntry),
      description:
        "Operators by their name, which the audit shows: people and programs that use the operators' listener.",
      errorMessage: 'use an object of operators, by name',
      examples: [
        {
          ann: {
            tokenHash: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
            role: 'operator',
            expires: '2027-06-30',
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
    wire: {
      ...WireEntry,
      description: `For all accounts that have neither wire nor xml of their own. ${WireEntry.description}`,
    },
    notifications: NotificationsEntry,
    allowPrivateHosts: PrivateHosts,
  },
  additionalProperties: false,
  title: 'Text Connect Gateway: CONFIG_FILE',
  description:
    'Sites, partners, operators, provider accounts and notifications. Comments and trailing commas are allowed.',
  errorMessage: 'use an object with sites, partners, operators and providers',
} as const;

export type FileContent = XStatic<typeof FileSchema>;

/**
 * Renders the schema of `CONFIG_FILE` as it is published for editors, in JSON Schema draft 7, which all of them support. Its
 * `format`s are names of our own checks and `errorMessage` is an editor's extension; a validator may ignore both.
 */
export function renderFileSchema(): string {
  const published = { $schema: 'http://json-schema.org/draft-07/schema#', ...FileSchema };
  return `${JSON.stringify(published, null, 2)}\n`;
}
