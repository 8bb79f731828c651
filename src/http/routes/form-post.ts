import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Conversation } from '../../domain/lead.ts';
import { requireBodyType } from '../body-type.ts';
import { createErrorHandler } from '../error-handler.ts';
import { decodeForm } from '../form/decode.ts';
import { explain } from '../form/explain.ts';
import { type Language, languageOf } from '../form/language.ts';
import { nextPage } from '../form/next.ts';
import { PAGE_HEADERS, type PageContent, renderPage } from '../form/page.ts';
import { type FormExtras, readForm } from '../form/read.ts';
import { TEXTS } from '../form/texts.ts';
import { PROBLEMS, Problem } from '../problems.ts';
import { POST_FORM } from '../schemas/form-operations.ts';
import type { LeadRequestBody } from '../schemas/lead-request.ts';
import type { TakeLead } from '../take-lead.ts';

export type FormPostDeps = { readonly takeLead: TakeLead; readonly logger: Logger };

declare module 'fastify' {
  interface FastifyRequest {
    /** What a posted form says beside its lead; null until it is read. */
    formExtras: FormExtras | null;
  }
}

const FORM_TYPE = 'application/x-www-form-urlencoded';
const NO_EXTRAS: FormExtras = {};

/** `POST /conversations/form`, for pages without a script. Everything is answered with a page, or a redirect to one. */
export async function formPostRoutes(app: FastifyInstance, { takeLead, logger }: FormPostDeps): Promise<void> {
  app.decorateRequest('formExtras', null);
  app.addContentTypeParser(FORM_TYPE, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body);
  app.setErrorHandler(createErrorHandler(logger, sendProblemPage));

  app.post<{ Body: LeadRequestBody }>(
    '/conversations/form',
    {
      schema: POST_FORM,
      helmet: PAGE_HEADERS,
      config: { documentedBody: { content: { [FORM_TYPE]: { schema: { $ref: 'LeadForm#' } } } } },
      onRequest: async ({ headers }) => requireBodyType(FORM_TYPE, 'a form', headers),
      preValidation: async (request) => {
        const { lead, extras } = readForm(
          decodeForm((request.body as unknown as Buffer | undefined) ?? Buffer.alloc(0)),
        );
        request.formExtras = extras;
        request.body = lead as LeadRequestBody;
      },
    },
    async (request, reply) => {
      const { body, headers, requester } = request;
      const formExtras = request.formExtras ?? NO_EXTRAS;
      const { conversation, replayed } = await takeLead(request, {
        body,
        idempotencyKey: formExtras.idempotencyKey ?? headers['idempotency-key']?.toString(),
        from: 'static',
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      if (conversation.status === 'rejected') throw rejected(conversation);
      const outcome = conversation.status === 'delivered' ? 'delivered' : 'received';
      const next = requester.site && nextPage(formExtras.next, requester.site, headers.origin, outcome);
      if (next !== undefined) return reply.header('cache-control', 'no-store').redirect(next, 303);
      const language = languageFor(request);
      const [title, text] = TEXTS[language][outcome];
      return sendPage(reply, outcome === 'delivered' ? 201 : 202, { language, title, paragraphs: [text] });
    },
  );
}

function rejected({ id, reason = 'other' }: Conversation): Problem {
  return new Problem('lead_rejected', { extensions: { id, reason } });
}

function sendProblemPage(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  request.requester.problem = problem.code;
  const language = languageFor(request);
  const texts = TEXTS[language];
  const { paragraphs, forDeveloper } = explain(problem, texts);
  reply.headers(problem.options.headers ?? {});
  return sendPage(reply, PROBLEMS[problem.code].status, {
    language,
    title: texts.failed,
    paragraphs,
    ...(forDeveloper !== undefined && { note: { code: problem.code, detail: forDeveloper } }),
    requestId: request.id,
  });
}

function sendPage(reply: FastifyReply, status: number, content: PageContent): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .headers({ 'cache-control': 'no-store', 'content-language': content.language })
    .send(renderPage(content));
}

function languageFor({ formExtras, headers }: FastifyRequest): Language {
  return languageOf(formExtras?.lang, headers['accept-language']);
}
