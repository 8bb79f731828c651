import { LEAD_REQUEST } from './lead-request.ts';
import { answer, ERROR_HEADERS, LEAD_REFUSALS, LIMITED, LOCATION, WIRE } from './operations.ts';
import { problemResponses, RATE_HEADERS, REQUEST_ID_HEADER } from './problem.ts';
import { SITE_FORM, SITE_FORM_PARAMS, SITE_FORM_QUERY } from './site-form.ts';

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

/** A whole name, whose first word is the first name. */
export const NAME_FIELD = 'consumer.name';

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

/** Fields that browsers and other software add to every form of a page. They are left out, however often they come. */
export const IGNORED_FIELDS = {
  // A button that has a name sends its value; one that is an image sends where it was pressed.
  buttons: ['submit*', 'button', 'x', 'y'],
  captchas: [
    'g-recaptcha-response',
    'h-captcha-response',
    'cf-turnstile-response',
    'frc-captcha-response',
    'frc-captcha-solution',
    'altcha',
  ],
  frameworks: [
    '_token',
    '_csrf',
    '_csrf_token',
    '_csrfToken',
    '_xsrf',
    'csrf_token',
    'csrfmiddlewaretoken',
    'authenticity_token',
    '__RequestVerificationToken',
    '_wpnonce',
    '_wp_http_referer',
    '_method',
    '_charset_',
    'utf8',
    'form_id',
    'form_build_id',
    'form_token',
    'form_key',
    'form-name',
    'bot-field',
    '_gotcha',
    '_honey',
    '_subject',
    '_next',
    '_captcha',
    '_template',
    '__VIEWSTATE*',
    '__EVENT*',
    '__LASTFOCUS',
    '__PREVIOUSPAGE',
    '__SCROLLPOSITION*',
  ],
  tracking: [
    'utm_*',
    'gclid',
    'gclsrc',
    'gad_*',
    'gbraid',
    'wbraid',
    'dclid',
    'fbclid',
    'msclkid',
    'ttclid',
    'twclid',
    'li_fat_id',
    'mc_cid',
    'mc_eid',
    '_ga',
    '_ga_*',
    'ga_client_id',
    '_gl',
    '_fbc',
    '_fbp',
  ],
} as const;

/** Matches the names of `IGNORED_FIELDS`; a star stands for any characters. */
export const IGNORED_NAME = new RegExp(`^(${Object.values(IGNORED_FIELDS).flat().join('|').replaceAll('*', '.*')})$`);

/** Every field of a lead but the listing's own, by its name in a form: `consumer.phone`. */
export const FORM_PLACES: ReadonlyMap<string, Place> = new Map(placesOf(LEAD_REQUEST.properties));

/** The form as it is documented. Values are checked in the shape of the JSON body, by that one's schema. */
export const LEAD_FORM = {
  $id: 'LeadForm',
  type: 'object',
  title: 'Lead as a form',
  description:
    'A lead from a plain HTML form: the same fields, with dots for levels. A field without a value counts as absent. CRLF counts ' +
    'as one character, files are left out, and so are fields that other software adds to forms.',
  required: ['consumer.phone'],
  additionalProperties: false,
  properties: {
    ...Object.fromEntries([...FORM_PLACES].map(([name, { schema }]) => [name, documented(schema)])),
    [NAME_FIELD]: {
      type: 'string',
      description:
        'A whole name in one field: its first word counts as consumer.firstName, the rest as consumer.lastName.',
      maxLength: 129,
      examples: ["Ann O'Neil"],
    },
    ...FORM_EXTRAS,
  },
  patternProperties: {
    '^listing\\.': { type: 'string', description: 'One value of the listing, such as listing.vin.', maxLength: 256 },
    [IGNORED_NAME.source]: {
      description: 'Left out: buttons, captchas, tokens of web frameworks, and marks of tracking.',
    },
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

const EXAMPLE = Object.fromEntries(
  Object.entries(SITE_FORM.properties).flatMap(([name, schema]) => exampleOf(name, schema)),
);

const PAGE_EXAMPLE = '<!doctype html><html lang="en">…</html>';
export const PAGE = { 'text/html': { schema: { type: 'string' }, examples: { page: { value: PAGE_EXAMPLE } } } };

export const READ_FORM = {
  operationId: 'readForm',
  summary: 'What a form needs',
  description:
    "The site's rules and words, a form token for one lead, and a challenge where a proof of work is asked for now. For pages on " +
    "the site's origins; a form that was open for long, or whose token is used up, asks again.",
  tags: ['forms'],
  security: [],
  params: SITE_FORM_PARAMS,
  querystring: SITE_FORM_QUERY,
  response: {
    200: answer('The form, for this page and now.', RATE_HEADERS, 'SiteForm#', { form: EXAMPLE }),
    ...problemResponses(
      [
        ...LIMITED,
        'origin_not_allowed',
        'unknown_site',
        'not_found',
        'internal_error',
        'storage_unavailable',
        'overloaded',
      ],
      ERROR_HEADERS,
    ),
  },
};

export const POST_FORM = {
  operationId: 'postForm',
  summary: 'Send a lead from a plain HTML form',
  description:
    'The same as sending it as JSON, for pages without a script. Browsers name the origin of the page; the same rules, limits and caps ' +
    'hold. A plain form can have neither form token nor proof: where its site asks for one, its lead is held for release. The answer is ' +
    "a redirect to `next`, or a page for the visitor in one of five languages, with the status that the JSON's answer has.",
  tags: ['forms'],
  security: [{}, { partnerKey: [] }],
  body: { $ref: 'LeadRequest#' },
  response: {
    201: page('Delivered: the provider took it.'),
    202: page('Stored, and not delivered yet.'),
    303: {
      description: 'Stored, delivered or not: on to the page of `next`, which is told the outcome as `text-us`.',
      headers: {
        ...REQUEST_ID_HEADER,
        Location: {
          ...LOCATION.Location,
          description: 'The page.',
          examples: ['https://dealer.example/thanks?text-us=delivered'],
        },
      },
    },
    ...pagesOf(problemResponses(LEAD_REFUSALS, ERROR_HEADERS)),
  },
};

function page(description: string): object {
  return { description, headers: { ...REQUEST_ID_HEADER, ...RATE_HEADERS }, content: PAGE };
}

/**
 * The same answers, told to people: the code stands on the page. What is refused before the route is known stays a problem
 * document.
 */
function pagesOf(responses: Readonly<Record<number, object>>): Record<number, object> {
  const early: Readonly<Record<string, { readonly content?: object }>> = problemResponses([...WIRE, 'body_too_large']);
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      { ...response, content: { ...PAGE, ...early[status]?.content } },
    ]),
  );
}

type Example = { readonly examples?: readonly unknown[]; readonly properties?: Readonly<Record<string, Example>> };

function exampleOf(name: string, { examples, properties }: Example): [string, unknown][] {
  if (!properties) return [[name, examples?.[0]]];
  return [[name, Object.fromEntries(Object.entries(properties).flatMap(([key, schema]) => exampleOf(key, schema)))]];
}
