import { LEAD_REQUEST } from './lead-request.ts';

/** A field of the lead as a form names it: the way to its place in the JSON body, and what it is there. */
type Place = { readonly path: readonly string[]; readonly schema: Schema };
type Schema = {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly examples?: readonly unknown[];
};

/** Names that lead by a dot into what the page says of its listing: `listing.vin`. */
export const LISTING_PREFIX = 'listing.';

/** What a form may say beside the lead: where to go afterwards, in which language to answer, and the request's key. */
export const FORM_EXTRAS = {
  next: {
    type: 'string',
    description:
      "Page to go to when the lead is stored, on one of the site's own origins; a path starts at the origin that the form is on. " +
      'It is told the outcome as `?text-us=delivered` or `?text-us=received`. Anything else is as if it were not there.',
    maxLength: 2048,
    examples: ['https://dealer.example/thanks'],
  },
  lang: {
    type: 'string',
    description: 'Language of the answer page: en, es, fr, de or ar. Default: by Accept-Language.',
    maxLength: 64,
    examples: ['es'],
  },
  idempotencyKey: {
    type: 'string',
    description: 'As the header Idempotency-Key, for a page that is made anew for each visitor.',
    maxLength: 255,
    examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
  },
} as const;

/** Every field of a lead but the listing's own, by its name in a form: `consumer.phone`. */
export const FORM_PLACES: ReadonlyMap<string, Place> = new Map(placesOf(LEAD_REQUEST.properties));

/** The form as it is documented. Values are checked in the shape of the JSON body, by that one's schema. */
export const LEAD_FORM = {
  $id: 'LeadForm',
  type: 'object',
  title: 'Lead as a form',
  description:
    'A lead from a plain HTML form: the same fields, with dots for levels. A field without a value counts as absent.',
  required: ['consumer.phone'],
  additionalProperties: false,
  properties: {
    ...Object.fromEntries([...FORM_PLACES].map(([name, { schema }]) => [name, documented(schema)])),
    ...FORM_EXTRAS,
  },
  patternProperties: {
    '^listing\\.': { type: 'string', description: 'One value of the listing, such as listing.vin.', maxLength: 256 },
  },
  examples: [
    {
      site: 'demo',
      advertiserId: '1659',
      'consumer.phone': '(404) 555-1212',
      'consumer.question': 'Is it still available?',
      'listing.vin': '2HGFC2F59KH500000',
      next: 'https://dealer.example/thanks',
    },
  ],
};

function placesOf(properties: Readonly<Record<string, Schema>>, above: readonly string[] = []): [string, Place][] {
  return Object.entries(properties).flatMap(([key, schema]): [string, Place][] => {
    const path = [...above, key];
    return schema.properties ? placesOf(schema.properties, path) : [[path.join('.'), { path, schema }]];
  });
}

/** In a form every value is a text. */
function documented(schema: Schema): Schema {
  if (schema.type === 'string' || schema.type === 'integer') return schema;
  return { type: 'string', description: 'The listing as one text.', examples: ['2019 Honda Civic, stock number 1234'] };
}
