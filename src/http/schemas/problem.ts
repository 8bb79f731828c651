import { PROBLEM_TYPE } from '../../lib/problem.ts';
import { PROBLEMS, type ProblemCode, type ProblemOptions, publicProblemBody } from '../problems.ts';

/** The body of every error answer. */
export const PROBLEM = {
  $id: 'Problem',
  type: 'object',
  title: 'Problem',
  description: 'An error (RFC 9457). Switch on `code`; `detail` is for people and may change.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'],
  properties: {
    type: {
      type: 'string',
      format: 'uri-reference',
      description: 'Where this kind of problem is explained.',
      examples: ['/docs/problems#invalid_phone'],
    },
    title: { type: 'string', description: 'The kind in a few words.', examples: ['The phone number cannot be texted'] },
    status: { type: 'integer', description: 'The HTTP status.', examples: [422] },
    detail: {
      type: 'string',
      description: 'What is wrong and what would be right.',
      examples: ['Ask for a mobile number.'],
    },
    instance: {
      type: 'string',
      format: 'uri-reference',
      description: 'This one occurrence.',
      examples: ['urn:uuid:2f1a4f0e-7a54-4c0e-9d5e-0d7f3b3c9a11'],
    },
    code: {
      type: 'string',
      enum: Object.keys(PROBLEMS),
      description: 'The kind, for programs.',
      examples: ['invalid_phone'],
    },
    requestId: {
      type: 'string',
      description: 'Quote it to the operator; also in the X-Request-Id header.',
      examples: ['2f1a4f0e-7a54-4c0e-9d5e-0d7f3b3c9a11'],
    },
    errors: {
      type: 'array',
      description: 'The fields that are wrong.',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        properties: {
          pointer: {
            type: 'string',
            format: 'json-pointer',
            description: 'The field in the request body (RFC 6901).',
            examples: ['/consumer/phone'],
          },
          code: { type: 'string', description: 'What is wrong, for programs.', examples: ['invalid_phone'] },
          detail: {
            type: 'string',
            description: 'What would be right.',
            examples: ['Has an extension; leave it out.'],
          },
        },
      },
    },
    id: {
      type: 'string',
      description: 'With `lead_rejected`: the conversation, which was stored.',
      examples: ['cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ'],
    },
    test: { type: 'boolean', description: 'With `lead_rejected`: true for a test lead.', examples: [true] },
    reference: {
      type: 'string',
      description: 'With `lead_rejected`, to a partner: its own id of the lead.',
      examples: ['order-20261128-0042'],
    },
    reason: {
      type: 'string',
      enum: ['phone', 'target', 'other'],
      description: 'With `lead_rejected`: what the provider refused.',
      examples: ['phone'],
    },
  },
} as const;

const EXAMPLE_REQUEST = '2f1a4f0e-7a54-4c0e-9d5e-0d7f3b3c9a11';

const EXAMPLE_OPTIONS: Partial<Record<ProblemCode, ProblemOptions>> = {
  invalid_request: {
    detail: '/consumer/firstName: Is too long; 64 characters at most.',
    errors: [
      { pointer: '/consumer/firstName', code: 'invalid_request', detail: 'Is too long; 64 characters at most.' },
    ],
  },
  invalid_phone: {
    detail: '/consumer/phone: Has an extension, and a text cannot be sent to one; leave it out.',
    errors: [
      {
        pointer: '/consumer/phone',
        code: 'invalid_phone',
        detail: 'Has an extension, and a text cannot be sent to one; leave it out.',
      },
    ],
  },
  lead_rejected: { extensions: { id: 'cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ', reason: 'phone' } },
};

/** Error answers by status, each with an example of every code that comes with it. `headers` are added by status. */
export function problemResponses(
  codes: readonly ProblemCode[],
  headers: Readonly<Record<number, object>> = {},
): Record<number, object> {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join('\n\n'),
        headers: { ...REQUEST_ID_HEADER, ...headers[status] },
        content: {
          [PROBLEM_TYPE]: {
            schema: { $ref: 'Problem#' },
            examples: Object.fromEntries(
              same.map((code) => [
                code,
                {
                  summary: PROBLEMS[code].title,
                  value: publicProblemBody(code, EXAMPLE_REQUEST, EXAMPLE_OPTIONS[code]),
                },
              ]),
            ),
          },
        },
      },
    ]),
  );
}

/** On every answer. */
export const REQUEST_ID_HEADER = {
  'X-Request-Id': {
    type: 'string',
    description: 'Names this request in the logs: the valid X-Request-Id that it came with, else a new UUID.',
    examples: [EXAMPLE_REQUEST],
  },
} as const;

export const RATE_HEADERS = {
  RateLimit: {
    type: 'string',
    description:
      'What is left: requests `r`, and seconds `t` until there are all again (RateLimit header fields, draft 11).',
    examples: ['"visitor";r=9;t=60'],
  },
  'RateLimit-Policy': {
    type: 'string',
    description: 'The limit that applies: requests `q` in a window of `w` seconds.',
    examples: ['"visitor";q=10;w=60'],
  },
} as const;

export const RETRY_AFTER_HEADER = {
  'Retry-After': { type: 'integer', description: 'Seconds to wait.', examples: [5] },
} as const;
