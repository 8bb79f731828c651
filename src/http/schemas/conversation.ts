import { STATUSES } from '../../domain/lead.ts';

export const CONVERSATION_ID = {
  type: 'string',
  description: 'Unguessable: who knows it may read the state.',
  pattern: '^cnv_[A-Za-z0-9_-]{30}$',
  examples: ['cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ'],
} as const;

export const CONVERSATION_PARAMS = {
  type: 'object',
  required: ['id'],
  properties: { id: CONVERSATION_ID },
} as const;

export const TEST = {
  type: 'boolean',
  description:
    'true for a test lead, which came with a test key or to a test site: the provider does not get it. Absent for all others.',
  examples: [true],
} as const;

/** Where a lead stands, without any of its personal data. */
export const CONVERSATION = {
  $id: 'Conversation',
  type: 'object',
  title: 'Conversation',
  description: 'Where a lead stands.',
  required: ['id', 'status', 'attempts', 'createdAt', 'updatedAt'],
  additionalProperties: false,
  properties: {
    id: CONVERSATION_ID,
    test: TEST,
    reference: {
      type: 'string',
      description:
        "The partner's own id of the lead; only with the key of the partner that sent it, until the lead is erased.",
      examples: ['order-20261128-0042'],
    },
    status: {
      type: 'string',
      enum: [...STATUSES],
      description:
        'delivered: the provider took it. rejected: the provider refused it for its own data. queued: stored, to be sent (again). ' +
        'held, unknown and parked wait for a person; only the partner whose lead it is sees them, with its key. Everybody else sees ' +
        'queued instead.',
      examples: ['delivered'],
    },
    reason: {
      type: 'string',
      enum: ['phone', 'target', 'other'],
      description: 'Of a rejected lead: what the provider refused.',
      examples: ['phone'],
    },
    attempts: {
      type: 'integer',
      minimum: 0,
      description:
        'Calls made to the provider so far. Without the key of the partner: 0 until the lead is delivered or rejected.',
      examples: [1],
    },
    createdAt: {
      type: 'string',
      format: 'date-time',
      description: 'Stored at.',
      examples: ['2026-11-24T09:00:00.000Z'],
    },
    updatedAt: {
      type: 'string',
      format: 'date-time',
      description:
        'Last changed at. Without the key of the partner: `createdAt` until the lead is delivered or rejected.',
      examples: ['2026-11-24T09:00:00.180Z'],
    },
  },
} as const;
