import { STATUSES } from '../../domain/lead.ts';

/** The shapes of answers in the OpenAPI document of the admin API. Nothing is validated or serialised by them; a test compares them with real answers. */

type Schema = Readonly<Record<string, unknown>>;

const TEXT = { type: 'string' };
const COUNT = { type: 'integer', minimum: 0 };
const FLAG = { type: 'boolean' };
const TIME = { type: 'string', format: 'date-time' };
const STATUS = { type: 'string', enum: [...STATUSES] };
const COUNTS = { type: 'object', additionalProperties: COUNT };
const NEXT = { type: 'string', description: 'The cursor of the following page, for `after`; the last page has none.' };

/** An object with exactly these members. A name that ends with `?` is optional. */
export function shape(members: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  const entries = Object.entries(members);
  return {
    type: 'object',
    additionalProperties: false,
    required: entries.map(([name]) => name).filter((name) => !name.endsWith('?')),
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace(/\?$/, ''), schema])),
    ...more,
  };
}

const list = (items: Schema): Schema => ({ type: 'array', items });
export const pageOfItems = (items: Schema): Schema => shape({ items: list(items), 'next?': NEXT });
export const itemsOf = (items: Schema): Schema => shape({ items: list(items) });

const LEAD_MEMBERS = {
  id: { ...TEXT, description: 'Of the conversation.' },
  'test?': { ...FLAG, description: 'True for a test lead.' },
  status: STATUS,
  'cause?': { ...TEXT, description: 'Why it waits, or ended as it did.' },
  'reason?': { ...TEXT, enum: ['phone', 'target', 'other'], description: 'Of a rejected lead.' },
  site: TEXT,
  'partner?': TEXT,
  provider: { ...TEXT, description: 'The provider account.' },
  attempts: COUNT,
  createdAt: TIME,
  updatedAt: TIME,
  'dueAt?': TIME,
  mayHaveArrived: {
    ...FLAG,
    description: 'An earlier call may have delivered it; sent again, an agent may see it twice.',
  },
  leased: { ...FLAG, description: 'A process attempts it now.' },
  erased: { ...FLAG, description: 'Its personal data is gone.' },
};

const HISTORY_ENTRY = {
  oneOf: [
    shape({ event: { const: 'stored' }, at: TIME }),
    shape({
      event: { const: 'attempt' },
      at: TIME,
      attempt: { ...COUNT, description: 'Counts the calls of the lead from 1.' },
      outcome: TEXT,
      'cause?': TEXT,
      'httpStatus?': COUNT,
      'durationMs?': { type: 'number' },
      'nextTryAt?': TIME,
      'description?': { ...TEXT, description: "The provider's words, masked unless the lead is revealed." },
    }),
    shape({ event: { enum: ['release', 'replay', 'retry', 'reveal'] }, at: TIME, actor: TEXT }),
    shape({ event: { const: 'state' }, at: TIME, status: STATUS, 'cause?': TEXT, 'reason?': TEXT }),
  ],
};

const TALLY_MEMBERS = {
  'provider?': TEXT,
  'status?': STATUS,
  'cause?': TEXT,
  'message?': TEXT,
  'site?': TEXT,
  count: COUNT,
};

const RECEIVER_MEMBERS = { waiting: COUNT, 'deliveredAt?': TIME, 'failedAt?': TIME, 'failure?': TEXT };

/** The named schemas of the document. */
export const SCHEMAS = {
  Lead: shape(LEAD_MEMBERS, { description: 'A lead, without personal data.' }),
  LeadDetails: shape(
    {
      ...LEAD_MEMBERS,
      revealed: { ...FLAG, description: 'Whether `lead` and `description` are in full; each reveal is audited.' },
      'lead?': {
        type: 'object',
        description: 'The lead, masked unless revealed. Absent if it was erased or no key opens it.',
      },
      'description?': { ...TEXT, description: "The provider's words." },
      'document?': { ...TEXT, description: 'What would be sent, with the password masked; of a revealed lead.' },
      history: list(HISTORY_ENTRY),
    },
    { description: 'A lead with its history, oldest first.' },
  ),
  Sending: shape(
    {
      action: { enum: ['replay', 'release', 'retry'] },
      dryRun: FLAG,
      matched: { ...COUNT, description: 'Leads that are selected.' },
      byStatus: COUNTS,
      bySite: COUNTS,
      byProvider: COUNTS,
      waiting: {
        ...list(shape({ provider: TEXT, reason: { enum: ['parked', 'breaker'] }, leads: COUNT })),
        description: 'Accounts that are not called now: their leads wait all the same.',
      },
      mayHaveArrived: COUNT,
      skipped: { ...COUNT, description: 'Leads that match and cannot be sent.' },
      missing: { ...COUNT, description: 'Given ids that no lead has.' },
      more: { ...FLAG, description: 'Whether more leads match than were selected.' },
      queued: COUNT,
    },
    { description: 'What an action selected and queued.' },
  ),
  Suppression: shape({ hash: TEXT, createdAt: TIME }),
  Consent: shape({
    id: TEXT,
    'test?': FLAG,
    site: TEXT,
    at: TIME,
    'text?': TEXT,
    'version?': TEXT,
    'pageUrl?': TEXT,
    'origin?': TEXT,
    'unreadable?': { ...FLAG, description: 'No configured key opens the lead.' },
  }),
  Stats: shape({
    byStatus: COUNTS,
    'oldestQueuedAt?': TIME,
    'oldestQueuedSeconds?': COUNT,
    suppressions: COUNT,
    parkedProviders: list(TEXT),
    testLeads: { ...COUNT, description: 'They are in no other count.' },
  }),
  Tally: shape(TALLY_MEMBERS),
  WaitingGroup: shape({ ...TALLY_MEMBERS, 'oldestAt?': TIME, 'oldestSeconds?': COUNT }),
  AuditEntry: shape({ at: TIME, actor: TEXT, action: TEXT, count: COUNT, detail: TEXT }),
  State: shape({
    providers: list(
      shape({
        id: TEXT,
        region: TEXT,
        endpoint: TEXT,
        refusedInARow: COUNT,
        parked: FLAG,
        'parkedAt?': TIME,
        'probeAt?': TIME,
      }),
    ),
    settings: shape({ refused: FLAG, 'since?': TIME, 'mistakes?': COUNT, 'problems?': list(TEXT) }),
    breakers: list(shape({ endpoint: TEXT, state: { enum: ['closed', 'half_open', 'open'] } })),
    replicas: list(
      shape({
        owner: TEXT,
        version: TEXT,
        startedAt: TIME,
        seenAt: TIME,
        breakers: { type: 'object', additionalProperties: TEXT },
        'limits?': { enum: ['shared', 'local'] },
        settingsRefused: FLAG,
        'overloaded?': FLAG,
        'overloadedBy?': TEXT,
        'breakerCauses?': { type: 'object', additionalProperties: TEXT },
      }),
    ),
    notifications: list(shape({ target: TEXT, kind: TEXT, ...RECEIVER_MEMBERS })),
    callbacks: list(shape({ destination: TEXT, ...RECEIVER_MEMBERS })),
  }),
  Entry: {
    type: 'object',
    description: 'As the configuration file would have it, without secrets (`openapi/config.schema.json`).',
  },
  Problem: shape(
    {
      type: TEXT,
      title: TEXT,
      status: COUNT,
      detail: { ...TEXT, description: 'For people; it may change.' },
      instance: TEXT,
      code: { ...TEXT, description: 'The kind, for programs.' },
      requestId: TEXT,
    },
    { description: 'An error (RFC 9457).' },
  ),
} as const;
