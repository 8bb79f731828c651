import type { XStatic } from 'typebox/schema';
import { PARTNER_RATE } from '../defaults.ts';
import { Everything, name } from './names.ts';
import { Targets } from './targets.ts';
import * as value from './values.ts';

/** An entry of `partners`. */
export const PartnerEntry = {
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
  },
  additionalProperties: false,
  description: 'One partner.',
  errorMessage: 'use an object with keys and sites',
} as const;

export type PartnerContent = XStatic<typeof PartnerEntry>;
