import { closed, Everything } from './names.ts';
import { type Static, Type } from './type.ts';
import * as value from './values.ts';

/** Which merchants may be reached. */
export const Targets = (description: string) =>
  Type.Object(
    {
      advertiserIds: Type.Optional(
        Type.Union([Type.Array(value.AdvertiserId, { maxItems: 100_000 }), Everything], {
          description: 'Merchants that leads may name by advertiserId, or "*" for all. Left out: none.',
          errorMessage: 'use a list of texts such as ["1659"], or "*"',
          examples: [['1659', '1660'], '*'],
        }),
      ),
      merchantIds: Type.Optional(
        Type.Union([Type.Array(value.MerchantId, { maxItems: 100_000 }), Everything], {
          description: 'Merchants that leads may name by merchantId, or "*" for all. Left out: none.',
          errorMessage: 'use a list of integers such as [20418], or "*"',
          examples: [[20418], '*'],
        }),
      ),
    },
    {
      ...closed,
      description,
      errorMessage: 'use an object such as { "advertiserIds": ["1659"] }',
      examples: [{ advertiserIds: ['1659'] }],
    },
  );

export const DefaultTarget = Type.Object(
  { advertiserId: Type.Optional(value.AdvertiserId), merchantId: Type.Optional(value.MerchantId) },
  {
    ...closed,
    minProperties: 1,
    maxProperties: 1,
    description: 'Target of leads that name none. It must be one of the allowed targets.',
    errorMessage: 'use one of { "advertiserId": "1659" } and { "merchantId": 20418 }',
    examples: [{ advertiserId: '1659' }],
  },
);

export type TargetsContent = Static<ReturnType<typeof Targets>>;
export type DefaultTargetContent = Static<typeof DefaultTarget>;
