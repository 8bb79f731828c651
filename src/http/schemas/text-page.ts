import { FORM_EXTRAS, PAGE, POST_FORM } from './lead-form.ts';
import { LEAD_REQUEST } from './lead-request.ts';
import { ERROR_HEADERS, LIMITED } from './operations.ts';
import { problemResponses, RATE_HEADERS, REQUEST_ID_HEADER } from './problem.ts';
import { SITE_FORM_PARAMS } from './site-form.ts';

const { advertiserId, merchantId, placementId } = LEAD_REQUEST.properties;

/** What a link to the page may say. Values are held to the lead's own rules when the form is sent. */
export const TEXT_PAGE_QUERY = {
  type: 'object',
  properties: {
    advertiserId: { type: 'string', description: advertiserId.description, examples: advertiserId.examples },
    merchantId: { type: 'string', description: merchantId.description, examples: ['50321'] },
    placementId: { type: 'string', description: placementId.description, examples: ['7'] },
    listing: {
      type: 'string',
      description: 'The listing as one text; or its values as listing.vin and the like.',
      examples: ['2019 Honda Civic'],
    },
    next: FORM_EXTRAS.next,
    lang: {
      ...FORM_EXTRAS.lang,
      description: 'Language of the page: en, es, fr, de or ar. Default: by Accept-Language.',
    },
  },
} as const;

export const READ_TEXT_PAGE = {
  operationId: 'readTextPage',
  summary: 'A form page of a site',
  description:
    'A page with the form of a site, for links, QR codes and pages without the script. It needs no script and no allowed origin: its own form ' +
    'token stands for that. Names that are not known are left out, so that trackers may add theirs.',
  tags: ['forms'],
  security: [],
  params: SITE_FORM_PARAMS,
  querystring: TEXT_PAGE_QUERY,
  response: {
    200: { description: 'The page.', headers: { ...REQUEST_ID_HEADER, ...RATE_HEADERS }, content: PAGE },
    ...Object.fromEntries(
      Object.entries(
        problemResponses(
          [...LIMITED, 'unknown_site', 'not_found', 'internal_error', 'storage_unavailable', 'overloaded'],
          ERROR_HEADERS,
        ),
      ).map(([status, response]) => [status, { ...response, content: { ...PAGE, ...Object(response).content } }]),
    ),
  },
};

export const POST_TEXT_PAGE = {
  ...POST_FORM,
  operationId: 'postTextPage',
  summary: 'Send the form page of a site',
  description:
    'What the page of GET sends: the fields of the plain HTML form without `site`, with the form token of the page. A lead that is not taken ' +
    'comes back as the page with what was typed and with the reason. A page without a script cannot prove work: where its site asks for ' +
    'that, its lead is held for release.',
  params: SITE_FORM_PARAMS,
};
