import type { FastifyInstance, FastifyReply } from 'fastify';
import { optionalText } from '../../domain/draft.ts';
import type { Conversation, RejectionReason } from '../../domain/lead.ts';
import type { StoredConversation } from '../../domain/ports/outbox.ts';
import { Refusal } from '../../domain/refusal.ts';
import { defined } from '../../lib/values.ts';
import { versionPrefixOf } from '../answers.ts';
import { requireBodyType } from '../body.ts';
import { Problem } from '../problems.ts';
import type { LeadRequestBody } from '../schemas/lead-request.ts';
import { READ_CONVERSATION, START_CONVERSATION } from '../schemas/operations.ts';
import type { TakeLead } from '../take-lead.ts';

export type ConversationDeps = {
  readonly takeLead: TakeLead;
  readonly find: (id: string) => Promise<StoredConversation | undefined>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** `Retry-After`, in seconds, of a lead that is due but held up, so that the time of its next attempt is unknown. */
const LOOK_AGAIN_S = 5;
/** A visitor's page is asked to wait half the age of its lead, and no longer than this. */
const LOOK_AGAIN_MAX_S = 3_600;

/** `POST /conversations` and `GET /conversations/{id}`. */
export async function conversationRoutes(app: FastifyInstance, deps: ConversationDeps): Promise<void> {
  const { takeLead, find, now } = deps;

  app.post<{ Body: LeadRequestBody }>(
    '/conversations',
    {
      schema: START_CONVERSATION,
      // `takeLead` reports all mistakes of the body.
      attachValidation: true,
      onRequest: ({ headers }, _reply, done) => {
        requireBodyType('application/json', 'JSON', headers);
        done();
      },
      preValidation: ({ body }, _reply, done) => {
        dropEmptyLists(body);
        // Without a length fastify reads no body at all, and the schema would call it a wrong type.
        if (body === undefined) throw new Refusal('invalid_json', 'Is empty; send one JSON object.', { pointer: '' });
        done();
      },
    },
    async (request, reply) => {
      const { conversation, replayed, askedToWaitMs } = await takeLead(request, {
        body: request.body,
        idempotencyKey: request.headers['idempotency-key']?.toString(),
        from: 'script',
      });
      if (replayed) reply.header('idempotency-replayed', 'true');
      const isOwner = request.requester.partner !== undefined;
      const reference = isOwner ? await referenceOf(conversation.id, request.body, replayed) : undefined;
      const shown = view({ ...conversation, ...defined({ reference }) }, isOwner, now(), askedToWaitMs);
      return answerLead(reply, versionPrefixOf(request), shown);
    },
  );

  /** Of a replay, the reference that came with the first request. The schema's and the domain's rules hold for a new one. */
  async function referenceOf(id: string, body: LeadRequestBody, replayed: boolean): Promise<string | undefined> {
    return replayed ? (await find(id))?.reference : optionalText(body.reference, '/reference');
  }

  // Forms are posted to this URL. A visitor who opens it in the browser gets 405 and not the 404 of an unknown id.
  app.get('/conversations/form', { schema: { hide: true } }, async () => {
    throw new Problem('method_not_allowed', { headers: { allow: 'OPTIONS, POST' } });
  });

  app.get<{ Params: { id: string } }>(
    '/conversations/:id',
    { schema: READ_CONVERSATION, config: { limit: 'partner-reads' } },
    async (request, reply) => {
      const conversation = await find(request.params.id);
      if (!conversation) throw new Problem('not_found');
      // The key of another partner proves nothing here.
      const { partner } = request.requester;
      const { shown, headers } = view(
        conversation,
        partner !== undefined && partner.id === conversation.partner,
        now(),
      );
      reply.headers({ 'cache-control': 'no-store', ...headers });
      return conversationBody(shown);
    },
  );
}

type WithReference = Conversation & { readonly reference?: string };

/** A conversation as its reader may see it, and the header fields that say when to look again. */
type View = { readonly shown: WithReference; readonly headers: { readonly 'retry-after'?: string } };

/**
 * @param isOwner whether the reader is the partner that sent the lead
 * @param askedToWaitMs how long the provider wants no call for the lead's account: the same for each of its leads, so it tells
 *   nothing of one
 */
function view(conversation: WithReference, isOwner: boolean, now: number, askedToWaitMs = 0): View {
  const shown = isOwner ? conversation : seenByVisitor(conversation);
  if (shown.status !== 'queued') return { shown, headers: {} };
  const waitS = isOwner
    ? secondsUntilDue(shown, now)
    : Math.max(secondsByAge(shown, now), Math.ceil(askedToWaitMs / 1_000));
  return { shown, headers: { 'retry-after': String(waitS) } };
}

function secondsUntilDue({ dueAt }: Conversation, now: number): number {
  return dueAt === undefined || dueAt <= now ? LOOK_AGAIN_S : Math.ceil((dueAt - now) / 1000);
}

/** The time of the next attempt would reveal to a stranger that there is one, so of the lead only its age decides. */
function secondsByAge({ createdAt }: Conversation, now: number): number {
  return Math.min(LOOK_AGAIN_MAX_S, Math.max(LOOK_AGAIN_S, Math.round((now - createdAt) / 2_000)));
}

/** PHP writes an empty object as `[]`. In place of an optional object that is no mistake, and counts as absent. */
function dropEmptyLists(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  for (const name of ['listing', 'consent', 'page'] as const) {
    const value = (body as Partial<Record<typeof name, unknown>>)[name];
    if (Array.isArray(value) && value.length === 0) delete (body as Partial<Record<typeof name, unknown>>)[name];
  }
}

function answerLead(reply: FastifyReply, prefix: string, { shown, headers }: View): FastifyReply {
  const { id, test, reference, status, reason = 'other' } = shown;
  const location = `${prefix}/conversations/${id}`;
  if (status === 'rejected') {
    const extensions = { id, ...defined({ test, reference }), reason };
    throw new Problem('lead_rejected', { headers: { location }, extensions });
  }
  reply.headers({ location, 'cache-control': 'no-store', ...headers });
  return reply.code(status === 'delivered' ? 201 : 202).send(conversationBody(shown));
}

type ConversationBody = {
  readonly id: string;
  readonly test?: true;
  readonly reference?: string;
  readonly status: Conversation['status'];
  readonly reason?: RejectionReason;
  readonly attempts: number;
  readonly createdAt: string;
  readonly updatedAt: string;
};

/**
 * A conversation as a visitor sees it. Until it is final nothing of it changes: a status, a count of calls or a time would tell a
 * stranger whether a number was used before, is suppressed or is suspected.
 */
function seenByVisitor(conversation: Conversation): Conversation {
  const { id, status, reason, attempts, createdAt, updatedAt, test } = conversation;
  if (status === 'delivered' || status === 'rejected') {
    return defined({ id, status, reason, attempts, createdAt, updatedAt, test });
  }
  return { id, status: 'queued', attempts: 0, createdAt, updatedAt: createdAt, ...defined({ test }) };
}

/** The public view of a conversation; times become ISO 8601 with milliseconds. Only its partner may be given its reference. */
export function conversationBody(conversation: WithReference): ConversationBody {
  const { id, test, reference, status, reason = 'other', attempts, createdAt, updatedAt } = conversation;
  return {
    id,
    ...defined({ test, reference }),
    status,
    ...(status === 'rejected' && { reason }),
    attempts,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}
