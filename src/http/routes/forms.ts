import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Conversation } from '../../domain/lead.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Site } from '../../domain/site.ts';
import { defined } from '../../lib/values.ts';
import { type Language, languageOf, WORDS } from '../../words/languages.ts';
import { missingFromProxy, only, originOfRead, type ProxyLack, pageOf, type Sites, siteFor } from '../access.ts';
import { requireBodyType } from '../body.ts';
import { createErrorHandler } from '../error-handler.ts';
import { explain, PAGE_HEADERS, type PageContent, renderPage, type SiteLink } from '../form/page.ts';
import { decodeForm, type FormExtras, formTypeOf, MULTIPART, readForm, URLENCODED } from '../form/read.ts';
import { siteFormBody } from '../form/site-form.ts';
import { PROBLEMS, Problem } from '../problems.ts';
import { POST_FORM, READ_FORM } from '../schemas/lead-form.ts';
import type { LeadRequestBody } from '../schemas/lead-request.ts';
import type { FormGuard, PageKind } from '../screening/form-guard.ts';
import type { TakeLead } from '../take-lead.ts';

export type FormPostDeps = { readonly takeLead: TakeLead; readonly logger: Logger };

declare module 'fastify' {
  interface FastifyRequest {
    /** The fields of a posted form beside those of its lead; null until the form is read. */
    formExtras: FormExtras | null;
  }
}

export const FORM_TYPES = [URLENCODED, MULTIPART];
const NO_EXTRAS: FormExtras = {};

/** `onRequest` of a route that takes a form. */
export async function requireForm({ headers }: FastifyRequest): Promise<void> {
  requireBodyType(formTypeOf(headers['content-type']), 'a form', headers);
}

/** `preValidation` of such a route: the body becomes that of the JSON request, and `formExtras` what the form says beside it. */
export async function readPosted(request: FastifyRequest): Promise<void> {
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
  const { lead, extras } = readForm(await decodeForm(body, request.headers['content-type']));
  request.formExtras = extras;
  request.body = lead;
}

export const DOCUMENTED_BODY = {
  content: Object.fromEntries(FORM_TYPES.map((type) => [type, { schema: { $ref: 'LeadForm#' } }])),
};

/** `POST /conversations/form`, for pages without a script. Everything is answered with a page, or a redirect to one. */
export async function formPostRoutes(app: FastifyInstance, { takeLead, logger }: FormPostDeps): Promise<void> {
  app.decorateRequest('formExtras', null);
  app.addContentTypeParser(FORM_TYPES, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
  app.setErrorHandler(createErrorHandler(logger, sendProblemPage));

  app.post<{ Body: LeadRequestBody }>(
    '/conversations/form',
    {
      schema: POST_FORM,
      // `takeLead` tells all mistakes of the form.
      attachValidation: true,
      helmet: PAGE_HEADERS,
      config: { documentedBody: DOCUMENTED_BODY },
      onRequest: requireForm,
      preValidation: readPosted,
    },
    async (request, reply) => answerLead(request, reply, takeLead, 'static'),
  );
}

/** Takes the lead of a form, and answers with a page or a redirect to `next`. */
export async function answerLead(
  request: FastifyRequest,
  reply: FastifyReply,
  takeLead: TakeLead,
  from: PageKind,
): Promise<FastifyReply> {
  const { headers, requester } = request;
  const formExtras = request.formExtras ?? NO_EXTRAS;
  const { conversation, replayed } = await takeLead(request, {
    body: request.body as LeadRequestBody,
    idempotencyKey: formExtras.idempotencyKey ?? headers['idempotency-key']?.toString(),
    from,
  });
  if (replayed) reply.header('idempotency-replayed', 'true');
  if (conversation.status === 'rejected') throw rejected(conversation);
  const outcome = conversation.status === 'delivered' ? 'delivered' : 'received';
  const next = requester.site && nextPage(formExtras.next, requester.site, headers.origin, outcome);
  if (next !== undefined) return reply.header('cache-control', 'no-store').redirect(next, 303);
  const language = languageFor(request);
  const { delivered, deliveredText, stored, storedText } = WORDS[language];
  const [title, text] = outcome === 'delivered' ? [delivered, deliveredText] : [stored, storedText];
  const site = requester.site && siteLink(requester.site, headers.origin);
  const content = { language, title, paragraphs: [text], isGood: true, ...(site && { site }) };
  return sendPage(reply, outcome === 'delivered' ? 201 : 202, content);
}

function rejected({ id, test, reason = 'other' }: Conversation): Problem {
  return new Problem('lead_rejected', { extensions: { id, ...defined({ test }), reason } });
}

/** Answers a problem with a page for the visitor. */
export function sendProblemPage(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  request.requester.problem = problem.code;
  const language = languageFor(request);
  const texts = WORDS[language];
  const { paragraphs, forDeveloper } = explain(problem, texts);
  reply.headers(problem.options.headers ?? {});
  return sendPage(reply, PROBLEMS[problem.code].status, {
    language,
    title: texts.failed,
    paragraphs,
    ...(forDeveloper !== undefined && { note: { code: problem.code, detail: forDeveloper } }),
    requestId: request.id,
    ...(request.requester.site && { site: siteLink(request.requester.site, request.headers.origin) }),
  });
}

/**
 * A site's name, and the page to go back to: its home, else the origin of the form, else its first origin.
 *
 * @param origin of the page that the form is on
 */
export function siteLink({ name, origins, form }: Site, origin?: string): SiteLink {
  const own = origins === '*' ? [] : [...origins];
  const home = form.home ?? (own.includes(origin ?? '') ? origin : own[0]);
  return { name, ...(home !== undefined && { home: new URL(home).href }) };
}

function sendPage(reply: FastifyReply, status: number, content: PageContent): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .headers({ 'cache-control': 'no-store', 'content-language': content.language })
    .send(renderPage(content));
}

export function languageFor({ formExtras, headers }: FastifyRequest): Language {
  return languageOf(formExtras?.lang, headers['accept-language']);
}

export type FormOutcome = 'delivered' | 'received';

/**
 * Where a form's visitor goes when the lead is stored: a page on one of the site's own origins, told the outcome as `text-us`.
 * `undefined` for anything else: a lead is worth more than a redirect, so that the visitor gets our own page then.
 *
 * A site that any page may use has no origins of its own; there it is the origin of the page itself.
 *
 * @param origin of the page that the form is on, which the site allows
 */
export function nextPage(
  next: string | undefined,
  site: Pick<Site, 'origins'>,
  origin: string | undefined,
  outcome: FormOutcome,
): string | undefined {
  if (next === undefined) return undefined;
  const url = URL.parse(next, origin === 'null' ? undefined : origin);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  const own = site.origins === '*' ? url.origin === origin : site.origins.has(url.origin);
  if (!own) return undefined;
  url.searchParams.set('text-us', outcome);
  return url.href;
}

export type SiteFormDeps = {
  readonly sites: Sites;
  readonly guard: FormGuard;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** `GET /sites/{key}/form`, for buttons. */
export async function siteFormRoutes(app: FastifyInstance, { sites, guard, now }: SiteFormDeps): Promise<void> {
  app.get<{ Params: { key: string }; Querystring: { lang?: string } }>(
    '/sites/:key/form',
    { schema: READ_FORM },
    async (request, reply) => {
      const { params, query, requester } = request;
      const site = siteOfPage(request, await sites.find(params.key), params.key);
      requester.site = site;
      reply.header('cache-control', 'no-store');
      const issued = await guard.issue(site, pageOf(request), requester.address);
      return siteFormBody(site, { lang: query.lang, now: now() }, issued);
    },
  );
}

/** The advice about a proxy in front, by the header or setting that is missing. */
const PROXY_HELP: Readonly<Record<ProxyLack, string>> = {
  'X-Forwarded-Host':
    "The proxy in front of the gateway has to pass on the page's host, in Host or in X-Forwarded-Host; the host that arrives belongs to no page of this site.",
  'X-Forwarded-Proto': 'The proxy in front of the gateway has to send X-Forwarded-Proto: https.',
  TRUST_PROXY:
    'The proxy in front of the gateway has to be listed in TRUST_PROXY: its X-Forwarded headers are ignored.',
};

/**
 * The site of a button that asks for its form.
 * @throws Refusal as `siteFor`; where it cannot be told whether the page is on the gateway's own host, with what a proxy lacks
 */
function siteOfPage(request: FastifyRequest, site: Site | undefined, key: string): Site {
  try {
    return siteFor(only(site), key, { origin: originOfRead(request) });
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'origin_not_allowed' && site)) throw error;
    const lack = missingFromProxy(request, site);
    if (lack === undefined) throw error;
    request.requester.proxyLacks = lack;
    throw new Refusal(
      'origin_not_allowed',
      `The request names no page of this site. If the page is on the gateway's own host: ${PROXY_HELP[lack]}`,
    );
  }
}
