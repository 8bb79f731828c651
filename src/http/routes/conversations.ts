import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Caller } from '../../admission/caller.ts';
import type { Limits } from '../../admission/limits.ts';
import { admitToSite, evidentOrigin } from '../../admission/site.ts';
import type { Site } from '../../config/settings.ts';
import { defined } from '../../conversation/defined.ts';
import { draftLead } from '../../conversation/draft.ts';
import { Refusal } from '../../conversation/refusal.ts';
import type { Submit, SubmitContext } from '../../conversation/submit.ts';
import type { Conversation } from '../../conversation/types.ts';
import { requireJsonType } from '../json-body.ts';
import { Problem } from '../problems.ts';
import { applyUsage } from '../rate-headers.ts';
import { conversationBody } from '../schemas/conversation.ts';
import type { LeadRequestBody } from '../schemas/lead-request.ts';
import { READ_CONVERSATION, START_CONVERSATION } from '../schemas/operations.ts';

export type ConversationDeps = {
  readonly sites: () => ReadonlyMap<string, Site>;
  readonly limits: Limits;
  readonly submit: Submit;
  readonly find: (id: string) => Promise<Conversation | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Seconds after which to look again at a lead of which it is not known when it is tried next. */
const LOOK_AGAIN_S = 5;

/** `POST /conversations` and `GET /conversations/{id}`. */
export async function conversationRoutes(app: FastifyInstance, deps: ConversationDeps): Promise<void> {
  const { sites, limits, submit, find, now } = deps;

  app.post<{ Body: LeadRequestBody }>(
    '/conversations',
    {
      schema: START_CONVERSATION,
      onRequest: async ({ headers }) => requireJsonType(headers['content-type'], headers['content-encoding']),
      preValidation: async ({ body }) => {
        // Without a length fastify reads no body at all, and the schema would call it a wrong type.
        if (body === undefined) throw new Refusal('invalid_json', 'Is empty; send one JSON object.', { pointer: '' });
      },
    },
    async (request, reply) => {
      const { caller, body } = request;
      const asker = { partner: caller.partner, origin: request.headers.origin };
      const site = admitToSite(sites(), body.site, asker);
      caller.site = site;
      const lead = draftLead(body, site, defined({ partner: caller.partner, origin: evidentOrigin(asker) }));
      const { conversation, replayed } = await submit(lead, {
        requestId: request.id,
        caller: senderOf(caller, site, idempotencyKey(request.headers['idempotency-key'])),
        charge: async () => applyUsage(reply, await limits.leads(request)),
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      return answerLead(reply, conversation, now());
    },
  );

  app.get<{ Params: { id: string } }>('/conversations/:id', { schema: READ_CONVERSATION }, async (request, reply) => {
    const conversation = await find(request.params.id);
    if (!conversation) throw new Problem('not_found');
    reply.header('cache-control', 'no-store');
    return conversationBody(conversation);
  });
}

/** Within whom an `Idempotency-Key` means the same request: the partner, or the site. */
function senderOf({ partner, address }: Caller, site: Site, key: string | undefined): SubmitContext['caller'] {
  return defined({
    kind: partner ? ('partner' as const) : ('visitor' as const),
    id: partner?.id ?? site.key,
    address,
    idempotencyKey: key,
  });
}

function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,255}$/.test(String(header))) return header?.toString();
  throw new Refusal('invalid_idempotency_key', 'The Idempotency-Key is not 1 to 255 visible ASCII characters.');
}

function answerLead(reply: FastifyReply, conversation: Conversation, now: number): FastifyReply {
  const { id, status, reason = 'other', dueAt } = conversation;
  const location = `/conversations/${id}`;
  if (status === 'rejected') {
    throw new Problem('lead_rejected', { headers: { location }, extensions: { id, reason } });
  }
  reply.headers({ location, 'cache-control': 'no-store' });
  if (status === 'queued') {
    const waitS = dueAt === undefined ? LOOK_AGAIN_S : Math.ceil((dueAt - now) / 1000);
    reply.header('retry-after', String(Math.max(1, waitS)));
  }
  return reply.code(status === 'delivered' ? 201 : 202).send(conversationBody(conversation));
}
