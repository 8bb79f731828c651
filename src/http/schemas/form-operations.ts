import { answer, ERROR_HEADERS, LEAD_REFUSALS, LIMITED, LOCATION } from './operations.ts';
import { problemResponses, RATE_HEADERS, REQUEST_ID_HEADER } from './problem.ts';
import { SITE_FORM, SITE_FORM_PARAMS, SITE_FORM_QUERY } from './site-form.ts';

const EXAMPLE = Object.fromEntries(
  Object.entries(SITE_FORM.properties).flatMap(([name, schema]) => exampleOf(name, schema)),
);

const PAGE_EXAMPLE = '<!doctype html><html lang="en">…</html>';
const PAGE = { 'text/html': { schema: { type: 'string' }, examples: { page: { value: PAGE_EXAMPLE } } } };

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

/** The same answers, told to people: the code stands on the page. */
function pagesOf(responses: Readonly<Record<number, object>>): Record<number, object> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [status, { ...response, content: PAGE }]),
  );
}

type Example = { readonly examples?: readonly unknown[]; readonly properties?: Readonly<Record<string, Example>> };

function exampleOf(name: string, { examples, properties }: Example): [string, unknown][] {
  if (!properties) return [[name, examples?.[0]]];
  return [[name, Object.fromEntries(Object.entries(properties).flatMap(([key, schema]) => exampleOf(key, schema)))]];
}
