import { STATUSES } from '../../domain/lead.ts';
import { CONVERSATION } from './conversation.ts';
import { answer, ERROR_HEADERS, LIMITED } from './operations.ts';
import { problemResponses, RATE_HEADERS } from './problem.ts';

export const PAGE_DEFAULT = 50;
/** An answer stays below 64 KiB. */
export const PAGE_MAX = 100;

export const PARTNER_LIST_QUERY = {
  type: 'object',
  properties: {
    since: {
      type: 'string',
      description: 'Only leads stored at or after this time (RFC 3339), or on or after this date in UTC.',
      maxLength: 64,
      examples: ['2026-11-28T09:00:00Z'],
    },
    status: { type: 'string', enum: [...STATUSES], description: 'Only leads in this state.', examples: ['parked'] },
    reference: {
      type: 'string',
      description: 'Only leads with exactly this reference.',
      maxLength: 128,
      examples: ['order-20261128-0042'],
    },
    limit: {
      type: 'integer',
      description: `Conversations on a page at most. Default: ${PAGE_DEFAULT}.`,
      minimum: 1,
      maximum: PAGE_MAX,
      examples: [50],
    },
    after: {
      type: 'string',
      description: 'The `next` of the previous page, unchanged; repeat the other parameters.',
      maxLength: 256,
    },
  },
} as const;

const { id, reference, createdAt, updatedAt } = CONVERSATION.properties;
const CONVERSATION_EXAMPLE = {
  id: id.examples[0],
  reference: reference.examples[0],
  status: 'delivered',
  attempts: 1,
  createdAt: createdAt.examples[0],
  updatedAt: updatedAt.examples[0],
};

export const CONVERSATION_LIST = {
  $id: 'ConversationList',
  type: 'object',
  title: 'Conversations',
  description: "A page of a partner's conversations.",
  required: ['items'],
  additionalProperties: false,
  properties: {
    items: {
      type: 'array',
      description: 'Newest first.',
      items: { $ref: 'Conversation#' },
      examples: [[CONVERSATION_EXAMPLE]],
    },
    next: {
      type: 'string',
      description: 'Send it as `after` for the next page; the last page has none.',
      examples: ['cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ.q83vASNFZ4mrze8BI0VniQ'],
    },
  },
} as const;

export const LIST_CONVERSATIONS = {
  operationId: 'listConversations',
  summary: 'List the leads of a partner',
  description:
    'What the partner sent, newest first, in all six statuses and without personal data; with a test key only test leads. Counts on the rate of the partner. ' +
    'While a list is read page by page, new leads do not move the pages; with `status`, a lead whose state changes meanwhile may be missed.',
  tags: ['conversations'],
  security: [{ partnerKey: [] }],
  querystring: PARTNER_LIST_QUERY,
  response: {
    200: answer('A page; `next` leads to the following one.', RATE_HEADERS, 'ConversationList#', {
      page: { items: [CONVERSATION_EXAMPLE] },
    }),
    ...problemResponses(
      [...LIMITED, 'invalid_api_key', 'internal_error', 'storage_unavailable', 'overloaded'],
      ERROR_HEADERS,
    ),
  },
};
