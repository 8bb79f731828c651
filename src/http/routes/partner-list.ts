import type { FastifyInstance } from 'fastify';
import { STATUSES, type Status } from '../../domain/lead.ts';
import type { PartnerFilter, PartnerRecords } from '../../domain/ports/lead-records.ts';
import { InvalidCursor } from '../../domain/ports/outbox.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { ReadSignedPage } from '../../leads/cursors.ts';
import { defined } from '../../lib/values.ts';
import { Problem } from '../problems.ts';
import { LIST_CONVERSATIONS, PAGE_DEFAULT, PAGE_MAX, PARTNER_LIST_QUERY } from '../schemas/partner-list.ts';
import { conversationBody } from './conversations.ts';

export type PartnerListDeps = {
  readonly listOfPartner: PartnerRecords['listOfPartner'];
  readonly readPage: ReadSignedPage;
};

/** A query of parameters that may come more than once. */
export type Query = Readonly<Record<string, string | readonly string[]>>;
const NAMES = Object.keys(PARTNER_LIST_QUERY.properties);

/** `GET /conversations`: what a partner sent, newest first. */
export async function partnerListRoutes(app: FastifyInstance, deps: PartnerListDeps): Promise<void> {
  app.get<{ Querystring: Query }>(
    '/conversations',
    {
      schema: LIST_CONVERSATIONS,
      config: { limit: 'partner-reads' },
      // The route names the parameter that is wrong.
      attachValidation: true,
    },
    async (request, reply) => {
      const { partner, test } = request.requester;
      if (!partner) {
        throw new Refusal(
          'invalid_api_key',
          'This list is for partners; send your key as "Authorization: Bearer <key>".',
        );
      }
      const query = readQuery(request.query, NAMES);
      const filter: PartnerFilter = defined({
        partner: partner.id,
        // A test key sees the test leads alone; what comes with any other key may have been sent to a test site.
        test,
        status: query.status === undefined ? undefined : readStatus(query.status),
        reference: query.reference,
        since: query.since === undefined ? undefined : readTime(query.since),
      });
      const { items, next } = await deps
        .readPage(`partner ${partner.id}`, defined({ limit: readLimit(query.limit), after: query.after }), (page) =>
          deps.listOfPartner(filter, page),
        )
        .catch((error: unknown) => {
          if (error instanceof InvalidCursor)
            throw wrong('after', 'Is not the `next` of a page of this list; send it unchanged.');
          throw error;
        });
      reply.header('cache-control', 'no-store');
      return { items: items.map(conversationBody), ...defined({ next }) };
    },
  );
}

export function wrong(name: string, detail: string): Problem {
  return new Problem('bad_request', { detail: `Parameter ${name}: ${detail}` });
}

/** @throws Problem for a parameter that is unknown, repeated or empty: otherwise the list would be longer than what was meant */
export function readQuery(query: Query, names: readonly string[]): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(query)) {
    if (!names.includes(name)) {
      throw new Problem('bad_request', {
        detail: `The address has a parameter that is not known here; known are ${names.join(', ')}.`,
      });
    }
    if (typeof value !== 'string') throw wrong(name, 'Comes more than once; send it once.');
    if (value === '') throw wrong(name, 'Is empty; send a value or leave it out.');
  }
  return query as Readonly<Record<string, string>>;
}

function readStatus(text: string): Status {
  const status = STATUSES.find((one) => one === text);
  if (status === undefined) throw wrong('status', `Is not one of ${STATUSES.join(', ')}.`);
  return status;
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/;

/** A time of RFC 3339, or a date, which is its first moment in UTC. */
function readTime(text: string): number {
  // A plus that was not encoded arrives as a space.
  const written = text.replace(' ', '+');
  const time = TIME.test(written) ? Date.parse(written) : Number.NaN;
  if (Number.isNaN(time))
    throw wrong('since', 'Is not a time such as 2026-11-28T09:00:00Z, or a date such as 2026-11-28.');
  return time;
}

function readLimit(text = String(PAGE_DEFAULT)): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > PAGE_MAX) throw wrong('limit', `Is not a number from 1 to ${PAGE_MAX}.`);
  return limit;
}
