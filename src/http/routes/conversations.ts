import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Conversation } from '../../domain/lead.ts';
import { Refusal } from '../../domain/refusal.ts';
import { requireBodyType } from '../body.ts';
import { Problem } from '../problems.ts';
import { conversationBody } from '../schemas/conversation.ts';
import type { LeadRequestBody } from '../schemas/lead-request.ts';
import { READ_CONVERSATION, START_CONVERSATION } from '../schemas/operations.ts';
import type { TakeLead } from '../take-lead.ts';

export type ConversationDeps = {
  readonly takeLead: TakeLead;
  readonly find: (id: string) => Promise<Conversation | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Seconds after which to look again at a lead of which it is not known when it is tried next: it is due, and something holds it up. */
const LOOK_AGAIN_S = 5;

/** `POST /conversations` and `GET /conversations/{id}`. */
export async function conversationRoutes(app: FastifyInstance, deps: ConversationDeps): Promise<void> {
  const { takeLead, find, now } = deps;

  app.post<{ Body: LeadRequestBody }>(
    '/conversations',
    {
      schema: START_CONVERSATION,
      onRequest: ({ headers }, _reply, done) => {
        requireBodyType('application/json', 'JSON', headers);
        done();
      },
      preValidation: ({ body }, _reply, done) => {
        // Without a length fastify reads no body at all, and the schema would call it a wrong type.
        if (body === undefined) throw new Refusal('invalid_json', 'Is empty; send one JSON object.', { pointer: '' });
        done();
      },
    },
    async (request, reply) => {
      const { conversation, replayed } = await takeLead(request, {
        body: request.body,
        idempotencyKey: request.headers['idempotency-key']?.toString(),
        from: 'script',
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      return answerLead(reply, conversation, now());
    },
  );

  // No id: a form is posted there, and a visitor who comes back to its address by hand is told as much.
  app.get('/conversations/form', { schema: { hide: true } }, async () => {
    throw new Problem('method_not_allowed', { headers: { allow: 'OPTIONS, POST' } });
  });

  app.get<{ Params: { id: string } }>(
    '/conversations/:id',
    { schema: READ_CONVERSATION, config: { limit: 'partner-reads' } },
    async (request, reply) => {
      const conversation = await find(request.params.id);
      if (!conversation) throw new Problem('not_found');
      reply.headers({ 'cache-control': 'no-store', ...whenToLookAgain(conversation, now()) });
      return conversationBody(conversation);
    },
  );
}

function answerLead(reply: FastifyReply, conversation: Conversation, now: number): FastifyReply {
  const { id, status, reason = 'other' } = conversation;
  const location = `/conversations/${id}`;
  if (status === 'rejected') {
    throw new Problem('lead_rejected', { headers: { location }, extensions: { id, reason } });
  }
  reply.headers({ location, 'cache-control': 'no-store', ...whenToLookAgain(conversation, now) });
  return reply.code(status === 'delivered' ? 201 : 202).send(conversationBody(conversation));
}

/** `Retry-After` of a queued lead: when it is tried next. Every other status waits for a person, or is final. */
function whenToLookAgain({ status, dueAt }: Conversation, now: number): { 'retry-after'?: string } {
  if (status !== 'queued') return {};
  const waitS = dueAt === undefined || dueAt <= now ? LOOK_AGAIN_S : Math.ceil((dueAt - now) / 1000);
  return { 'retry-after': String(waitS) };
}
