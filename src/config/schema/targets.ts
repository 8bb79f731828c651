import type { XStatic } from 'typebox/schema';
import { Everything } from './names.ts';
import * as value from './values.ts';

/** Which merchants may be reached. */
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

export const DefaultTarget = {
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
