import type { ProblemCode } from '../problems.ts';
import { CONVERSATION_PARAMS } from './conversation.ts';
import { problemResponses, RATE_HEADERS, REQUEST_ID_HEADER, RETRY_AFTER_HEADER } from './problem.ts';

export const ALIVE = {
  $id: 'Alive',
  type: 'object',
  title: 'Alive',
  description: 'The process answers.',
  required: ['status'],
  additionalProperties: false,
  properties: { status: { type: 'string', const: 'alive', description: 'Always alive.', examples: ['alive'] } },
  examples: [{ status: 'alive' }],
} as const;

export const READINESS = {
  $id: 'Readiness',
  type: 'object',
  title: 'Readiness',
  description: 'Whether leads can be taken right now, and each check by name.',
  required: ['status', 'checks'],
  additionalProperties: false,
  properties: {
    status: { type: 'string', enum: ['ready', 'not_ready'], description: 'All checks together.', examples: ['ready'] },
    checks: {
      type: 'object',
      description: 'Each check with "ok", or what is wrong in a word.',
      additionalProperties: { type: 'string' },
      examples: [{ storage: 'ok' }],
    },
  },
} as const;

/** What any request can meet before it reaches its route. */
export const WIRE: readonly ProblemCode[] = [
  'bad_request',
  'request_timeout',
  'expectation_failed',
  'headers_too_large',
];
export const LIMITED: readonly ProblemCode[] = [...WIRE, 'rate_limited'];

/** What any lead can be answered with, in whatever form it comes. */
export const LEAD_REFUSALS: readonly ProblemCode[] = [
  ...LIMITED,
  'invalid_api_key',
  'origin_not_allowed',
  'target_not_allowed',
  'unknown_site',
  'body_too_large',
  'unsupported_media_type',
  'invalid_request',
  'invalid_phone',
  'country_not_allowed',
  'consent_required',
  'form_token_invalid',
  'proof_required',
  'invalid_idempotency_key',
  'idempotency_key_reused',
  'idempotency_in_progress',
  'phone_limit_reached',
  'site_limit_reached',
  'lead_rejected',
  'internal_error',
  'storage_unavailable',
  'overloaded',
];

export const LOCATION = {
  Location: {
    type: 'string',
    format: 'uri-reference',
    description: "The conversation's state; begins with `/v1` where the request did.",
    examples: ['/conversations/cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ'],
  },
} as const;

const REPLAYED_HEADER = {
  'Idempotency-Replayed': {
    type: 'string',
    enum: ['true'],
    description: 'Only on the answer to a request that was known already.',
    examples: ['true'],
  },
} as const;

export const ERROR_HEADERS = {
  409: RETRY_AFTER_HEADER,
  401: { 'WWW-Authenticate': { type: 'string', description: 'The scheme.', examples: ['Bearer'] } },
  429: { ...RATE_HEADERS, ...RETRY_AFTER_HEADER },
  503: RETRY_AFTER_HEADER,
} as const;

const AN_HOUR = { createdAt: '2026-11-24T09:00:00.000Z', updatedAt: '2026-11-24T09:00:00.180Z' };

export const START_CONVERSATION = {
  operationId: 'startConversation',
  summary: 'Send a lead',
  description:
    'Stores the lead, sends it to the provider, and waits a few seconds for its answer. Either a page on an origin of the ' +
    'site calls, or a partner with its key. Unknown and duplicate keys and null are refused, and nothing is coerced; a blank ' +
    'optional text and an empty list in place of an object count as absent. All mistakes of a body are told at once.',
  tags: ['conversations'],
  security: [{}, { partnerKey: [] }],
  headers: {
    type: 'object',
    properties: {
      'Idempotency-Key': {
        type: 'string',
        description:
          'Makes a repetition safe: the same key with the same lead is the same request for 24 hours or longer. 1 to 255 ' +
          // No example: the reference would send it with every try, and each but the first would be a repetition.
          'visible ASCII characters, such as a new UUID for each lead. A key counts for the partner, or for the site. A key of a visitor ' +
          'with less than 64 bits of variety counts only for the address that it came from, so that no stranger can use up a key that ' +
          'is easy to guess. A UUID of version 4 has 122 bits, one of version 7 has 74, a ULID 80, and 32 or more hexadecimal digits 4 ' +
          'each; UUIDs of other versions have none. In other keys words, numbers and dates between separators count nothing; parts that mix ' +
          'letters and digits count about 5 bits a character, and of a stretch of more than three letters or digits two characters count.',
      },
    },
  },
  body: { $ref: 'LeadRequest#' },
  response: {
    201: answer(
      'Delivered: the provider took it.',
      { ...LOCATION, ...RATE_HEADERS, ...REPLAYED_HEADER },
      'Conversation#',
      {
        delivered: { id: 'cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ', status: 'delivered', attempts: 1, ...AN_HOUR },
      },
    ),
    202: answer(
      'Stored, and not delivered yet. `Retry-After` comes while it is `queued`. A visitor sees `queued` whatever the lead waits for.',
      { ...LOCATION, ...RETRY_AFTER_HEADER, ...RATE_HEADERS, ...REPLAYED_HEADER },
      'Conversation#',
      {
        queued: {
          id: 'cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ',
          status: 'queued',
          attempts: 0,
          createdAt: AN_HOUR.createdAt,
          updatedAt: AN_HOUR.createdAt,
        },
      },
    ),
    ...problemResponses(['invalid_json', ...LEAD_REFUSALS], ERROR_HEADERS),
  },
};

export const READ_CONVERSATION = {
  operationId: 'readConversation',
  summary: 'Read the state of a lead',
  description:
    'The id is the capability: who knows it may read. No personal data is in the answer. Without a key the answer has one of three ' +
    'statuses: delivered, rejected, or queued for everything else. The partner that sent the lead sees all six with its key. A request ' +
    "with the key of a partner counts on that partner's own rate.",
  tags: ['conversations'],
  security: [{}, { partnerKey: [] }],
  params: CONVERSATION_PARAMS,
  response: {
    200: answer(
      'Where it stands. `Retry-After` comes while it is `queued`.',
      { ...RATE_HEADERS, ...RETRY_AFTER_HEADER },
      'Conversation#',
      {
        delivered: { id: 'cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ', status: 'delivered', attempts: 1, ...AN_HOUR },
        rejected: {
          id: 'cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ',
          status: 'rejected',
          reason: 'phone',
          attempts: 1,
          ...AN_HOUR,
        },
      },
    ),
    ...problemResponses(
      [...LIMITED, 'invalid_api_key', 'not_found', 'internal_error', 'storage_unavailable', 'overloaded'],
      ERROR_HEADERS,
    ),
  },
};

export const CHECK_ALIVE = {
  operationId: 'checkAlive',
  summary: 'Is the process alive?',
  description: 'Answers as long as the process does; a failure means: restart it.',
  tags: ['health'],
  security: [],
  response: { 200: answer('Alive.', {}, 'Alive#', { alive: { status: 'alive' } }), ...problemResponses(LIMITED) },
};

export const CHECK_READY = {
  operationId: 'checkReady',
  summary: 'Can leads be taken?',
  description: 'A failure means: send traffic elsewhere for now.',
  tags: ['health'],
  security: [],
  response: {
    200: answer('Ready.', {}, 'Readiness#', { ready: { status: 'ready', checks: { storage: 'ok' } } }),
    ...problemResponses(LIMITED),
    503: answer('Not ready; the check that failed says why.', {}, 'Readiness#', {
      not_ready: { status: 'not_ready', checks: { storage: 'not writable' } },
    }),
  },
};

export function answer(description: string, headers: object, ref: string, examples: Record<string, object>): object {
  return {
    description,
    headers: { ...REQUEST_ID_HEADER, ...headers },
    content: {
      'application/json': {
        schema: { $ref: ref },
        examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
      },
    },
  };
}
