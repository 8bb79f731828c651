import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { isXmlText } from '../../domain/draft.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Site } from '../../domain/site.ts';
import { type Language, languageOf, WORDS } from '../../words/languages.ts';
import { HOSTED_PAGE, type Sites } from '../access.ts';
import { createErrorHandler } from '../error-handler.ts';
import { explain, PAGE_HEADERS } from '../form/page.ts';
import type { Entry } from '../form/read.ts';
import { siteFormBody } from '../form/site-form.ts';
import { renderTextPage, type TextPage, textPageHeaders } from '../form/text-page.ts';
import { PROBLEMS, type Problem } from '../problems.ts';
import { LISTING_PREFIX } from '../schemas/lead-form.ts';
import { POST_TEXT_PAGE, READ_TEXT_PAGE, TEXT_PAGE_QUERY } from '../schemas/text-page.ts';
import type { FormGuard } from '../screening/form-guard.ts';
import type { TakeLead } from '../take-lead.ts';
import {
  answerLead,
  DOCUMENTED_BODY,
  FORM_TYPES,
  nextPage,
  readPosted,
  requireForm,
  sendProblemPage,
  siteLink,
} from './forms.ts';

export type TextPageDeps = {
  readonly sites: Sites;
  readonly guard: FormGuard;
  readonly takeLead: TakeLead;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/**
 * `GET` and `POST /sites/{key}/text`: a form page of the gateway's own, for links, QR codes and pages without the script. A form that
 * is not taken comes back with what was typed and with the reason at the field.
 */
export async function textPageRoutes(app: FastifyInstance, deps: TextPageDeps): Promise<void> {
  const { sites, guard, takeLead, logger, now } = deps;
  app.decorateRequest('formExtras', null);
  app.addContentTypeParser(FORM_TYPES, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
  app.setErrorHandler(createErrorHandler(logger, sendFault));

  /** Sends the page with a new token. @throws StorageUnavailable where the site's proof is adaptive */
  async function sendForm(
    request: FastifyRequest,
    reply: FastifyReply,
    page: Pick<TextPage, 'carried' | 'typed' | 'fault'>,
    status = 200,
  ): Promise<FastifyReply> {
    const site = await siteOf(request);
    const asked = new Map(page.carried).get('lang');
    const language = languageOf(asked, request.headers['accept-language']);
    const { formToken } = await guard.issue(site, HOSTED_PAGE, request.requester.address);
    const form = siteFormBody(site, { lang: asked ?? language, otherwise: language, now: now() }, { formToken });
    const next = nextPage(new Map(page.carried).get('next'), site, undefined, 'received');
    // Where a form may lead depends on the request, so this policy replaces the route's own.
    await reply.helmet(textPageHeaders(next === undefined ? undefined : new URL(next).origin));
    return reply
      .code(status)
      .type('text/html; charset=utf-8')
      .headers({ 'cache-control': 'no-store', 'content-language': language })
      .send(renderTextPage({ ...page, language, form, site: siteLink(site), listing: titleOf(page.carried) }));
  }

  async function siteOf({ params }: FastifyRequest): Promise<Site> {
    const site = await sites.find((params as { readonly key: string }).key);
    if (!site) throw new Refusal('unknown_site', 'Is not a configured site.', { pointer: '/site' });
    return site;
  }

  app.get('/sites/:key/text', { schema: READ_TEXT_PAGE, helmet: PAGE_HEADERS }, async (request, reply) => {
    request.requester.site = await siteOf(request);
    return sendForm(request, reply, { carried: carriedByQuery(request.query as Record<string, unknown>), typed: {} });
  });

  app.post(
    '/sites/:key/text',
    {
      schema: POST_TEXT_PAGE,
      attachValidation: true,
      helmet: PAGE_HEADERS,
      config: { documentedBody: DOCUMENTED_BODY },
      onRequest: requireForm,
      preValidation: async (request) => {
        await readPosted(request);
        const { key, consentVersion } = await siteOf(request);
        const { consent, ...lead } = Object(request.body) as Posted;
        // The address names the site. A version without the text that was ticked would count as a consent.
        const version = consentVersion !== undefined && { version: consentVersion };
        request.body = {
          ...lead,
          site: key,
          ...(consent?.text !== undefined && { consent: { text: consent.text, ...version } }),
        };
      },
    },
    async (request, reply) => answerLead(request, reply, takeLead, 'hosted'),
  );

  /** Shows the form again where the visitor can do something about the problem, else a page that says so. */
  async function sendFault(request: FastifyRequest, reply: FastifyReply, problem: Problem): Promise<FastifyReply> {
    const { formExtras } = request;
    const language = languageOf(formExtras?.lang, request.headers['accept-language']);
    const { paragraphs, forDeveloper } = explain(problem, WORDS[language]);
    if (formExtras === null || forDeveloper !== undefined) return sendProblemPage(request, reply, problem);
    request.requester.problem = problem.code;
    const posted = Object(request.body) as Posted;
    try {
      reply.headers(problem.options.headers ?? {});
      return await sendForm(
        request,
        reply,
        {
          carried: [...carriedByForm(posted), ...Object.entries(formExtras)],
          typed: posted.consumer ?? {},
          fault: { message: messageFor(problem, paragraphs[0] ?? '', language), field: fieldOf(problem) },
        },
        PROBLEMS[problem.code].status,
      );
    } catch {
      return sendProblemPage(request, reply, problem);
    }
  }
}

function messageFor({ code }: Problem, text: string, language: Language): string {
  return code === 'form_token_invalid' || code === 'proof_required' ? WORDS[language].again : text;
}

function fieldOf({ code, options }: Problem): NonNullable<TextPage['fault']>['field'] {
  if (code === 'invalid_phone' || code === 'country_not_allowed' || code === 'lead_rejected') return 'phone';
  if (code === 'consent_required') return 'consent';
  const name = /^\/consumer\/(phone|firstName|lastName|question)$/.exec(options.errors?.[0]?.pointer ?? '')?.[1];
  return name as NonNullable<TextPage['fault']>['field'];
}

/** A posted form in the shape of the JSON body, valid or not. */
export type Posted = {
  readonly consumer?: Readonly<Record<string, unknown>>;
  readonly consent?: { readonly text?: unknown };
  readonly listing?: unknown;
  readonly [name: string]: unknown;
};

/**
 * Fields of the address that the form carries along. Others, such as those of trackers, are left out. What the schema would refuse
 * later is shortened or left out as well: a visitor could do nothing about it, and the lead would be lost.
 */
export function carriedByQuery(query: Readonly<Record<string, unknown>>): Entry[] {
  const texts = Object.entries(query).flatMap(([name, value]): Entry[] =>
    typeof value === 'string'
      ? [[name, value.replace(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')]]
      : [],
  );
  const own = texts.filter(([name]) => Object.hasOwn(TEXT_PAGE_QUERY.properties, name) && name !== 'listing');
  const named = texts.filter(
    ([name]) => name.startsWith(LISTING_PREFIX) && isListingName(name.slice(LISTING_PREFIX.length)),
  );
  const whole = texts.filter(([name]) => name === 'listing');
  return [
    ...own.filter(([name, value]) => name !== 'placementId' || isPlacement(value)),
    ...named.slice(0, MAX_NAMES).map(([name, value]): Entry => [name, shorten(value, MAX_VALUE)]),
    // A listing is given in one of the two ways.
    ...(named.length > 0 ? [] : whole.map(([name, value]): Entry => [name, shorten(value, MAX_LISTING)])),
  ];
}

const MAX_NAMES = 32;
const MAX_NAME = 64;
const MAX_VALUE = 256;
const MAX_LISTING = 2000;

function isListingName(name: string): boolean {
  return isXmlText(name) && name.trim() !== '' && [...name].length <= MAX_NAME;
}

function isPlacement(value: string): boolean {
  return /^[1-9][0-9]{0,9}$/.test(value) && Number(value) < 2 ** 31;
}

function shorten(text: string, most: number): string {
  return [...text].slice(0, most).join('');
}

/** The same fields out of a form that comes back, beside its extras. */
export function carriedByForm({ listing, ...posted }: Posted): Entry[] {
  const own = ['advertiserId', 'merchantId', 'placementId'].map((name) => [name, posted[name]] as const);
  const named = typeof listing === 'object' ? Object.entries(Object(listing)) : [];
  return [
    ...own,
    ...named.map(([name, value]) => [`${LISTING_PREFIX}${name}`, value] as const),
    ['listing', typeof listing === 'string' ? listing : undefined] as const,
  ].flatMap(([name, value]): Entry[] => (value === undefined ? [] : [[name, String(value)]]));
}

/** Values of a listing that name it, in their order; the button has the same. */
const FACTS = ['year', 'make', 'model', 'trim'];

/** What names the listing that the page carries along. */
function titleOf(carried: readonly Entry[]): string {
  const values = new Map(carried);
  const facts = FACTS.map((name) => values.get(`${LISTING_PREFIX}${name}`)).filter(Boolean);
  return values.get('listing') ?? facts.join(' ');
}
