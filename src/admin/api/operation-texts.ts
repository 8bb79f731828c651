import { ATTEMPTS_KEPT } from '../../domain/ports/lead-records.ts';
import { itemsOf, pageOfItems, shape } from './answer-schemas.ts';
import { ENTRY_LIST, ENTRY_VERSIONS, IMPORTED } from './schemas.ts';

/** What the OpenAPI document says of an operation beside its parameters. */
export type OperationText = {
  readonly operationId: string;
  readonly tag: 'leads' | 'numbers' | 'reports' | 'state' | 'entries' | 'this document';
  readonly summary: string;
  readonly description?: string;
  /** The schema of the body of 200, or of another media type. */
  readonly answer?: object;
  readonly type?: string;
  readonly answered?: string;
  /** Statuses of success where they are not 200 alone. */
  readonly statuses?: readonly number[];
  /** Media type of a body that the route reads as a text. */
  readonly bodyType?: string;
  /** Codes of problems that only this operation has, by status. */
  readonly problems?: Readonly<Record<number, readonly string[]>>;
};

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const TEXT = { type: 'string' };
const NOT_FOUND = { 404: ['not_found'] };
const LINES = 'application/x-ndjson';
const FILTER = 'Times are such as 2026-11-28, 2026-11-28T09:00:00Z or 24h (ago).';

const send = (action: 'replay' | 'release' | 'retry', summary: string): OperationText => ({
  operationId: `${action}Leads`,
  tag: 'leads',
  summary,
  description: `Selects leads by \`ids\` or a filter, 1,000 a request at most, the newest first; \`dryRun\` changes nothing. ${FILTER}`,
  answer: ref('Sending'),
  problems: NOT_FOUND,
});

/** By the names of `NEEDED_ROLE`. */
export const OPERATION_TEXTS: Readonly<Record<string, OperationText>> = {
  'GET /leads': {
    operationId: 'listLeads',
    tag: 'leads',
    summary: 'List leads, newest first',
    description: `\`status\` and \`cause\` take lists with commas. ${FILTER} Phone numbers belong into a body: \`POST /leads/search\`.`,
    answer: pageOfItems(ref('Lead')),
  },
  'POST /leads/search': {
    operationId: 'searchLeads',
    tag: 'leads',
    summary: 'List leads by a filter in the body, also by phone number',
    description: `A search by number is audited. ${FILTER}`,
    answer: pageOfItems(ref('Lead')),
  },
  'GET /leads/:id': {
    operationId: 'showLead',
    tag: 'leads',
    summary: 'Show a lead with its history',
    description: `Masked, unless \`reveal=true\`, which needs the role operator and is audited. The history has the last ${ATTEMPTS_KEPT} attempts.`,
    answer: ref('LeadDetails'),
    problems: NOT_FOUND,
  },
  'POST /leads/replay': send('replay', 'Send leads again, final ones too'),
  'POST /leads/release': send('release', 'Send leads that wait for an operator'),
  'POST /leads/retry': send('retry', 'Send queued leads now'),
  'POST /leads/erase': {
    operationId: 'eraseNumber',
    tag: 'numbers',
    summary: "Erase the personal data of a number's leads",
    description: '`suppress` also keeps leads of this number from being sent later.',
    answer: shape({ erased: { type: 'integer' } }),
  },
  'GET /suppressions': {
    operationId: 'listSuppressions',
    tag: 'numbers',
    summary: 'List suppressed numbers as hashes',
    answer: pageOfItems(ref('Suppression')),
  },
  'POST /suppressions': {
    operationId: 'suppressNumber',
    tag: 'numbers',
    summary: 'Suppress a number: no lead of it is sent',
    answer: shape({ suppressed: { const: true }, changed: { type: 'boolean' } }),
  },
  'DELETE /suppressions': {
    operationId: 'unsuppressNumber',
    tag: 'numbers',
    summary: 'Let leads of a number be sent again',
    answer: shape({ suppressed: { const: false }, changed: { type: 'boolean' } }),
  },
  'GET /consents': {
    operationId: 'exportConsents',
    tag: 'reports',
    summary: 'Export consents, oldest first',
    description: `Each page is audited. ${FILTER}`,
    answer: pageOfItems(ref('Consent')),
  },
  'GET /stats': {
    operationId: 'readStats',
    tag: 'reports',
    summary: 'Count leads',
    description: 'With `by`, such as `cause,site`, by dimensions: provider, status, cause, message, site.',
    answer: { anyOf: [ref('Stats'), itemsOf(ref('Tally'))] },
  },
  'GET /stats/waiting': {
    operationId: 'readWaiting',
    tag: 'reports',
    summary: 'Group the leads that are not final',
    answer: itemsOf(ref('WaitingGroup')),
  },
  'GET /audit': {
    operationId: 'readAudit',
    tag: 'reports',
    summary: 'List what operators did, newest first',
    answer: pageOfItems(ref('AuditEntry')),
  },
  'GET /partners/:key/reconciliations/:date': {
    operationId: 'readReconciliation',
    tag: 'reports',
    summary: "Download what became of a partner's leads of a day",
    description:
      'The file that the partner gets itself at `GET /reconciliations/{date}`, as lines of JSON or with `format=csv` as CSV, without test leads. Its last line has a signature for each ' +
      'key of the partner.',
    answer: TEXT,
    type: LINES,
    problems: NOT_FOUND,
  },
  'GET /state': {
    operationId: 'readState',
    tag: 'state',
    summary: 'Show provider accounts, settings, receivers and running processes',
    answer: ref('State'),
  },
  'GET /metrics': {
    operationId: 'readMetrics',
    tag: 'state',
    summary: 'Metrics for Prometheus',
    answer: TEXT,
    type: 'text/plain; version=0.0.4',
  },
  'POST /providers/:key/release': {
    operationId: 'releaseProvider',
    tag: 'state',
    summary: 'Use a parked provider account again',
    answer: shape({ id: TEXT, released: { type: 'boolean' } }),
    problems: NOT_FOUND,
  },
  'GET /openapi.json': {
    operationId: 'readDocument',
    tag: 'this document',
    summary: 'This document',
    answer: { type: 'object' },
  },
  ...entryTexts('/sites', 'site', 'Site'),
  ...entryTexts('/partners', 'partner', 'Partner'),
  ...entryTexts('/providers', 'provider account', 'Provider'),
};

function entryTexts(path: string, noun: string, name: string): Readonly<Record<string, OperationText>> {
  const tag = 'entries';
  const conflict = { 409: ['entry_in_use'], 412: ['version_conflict'] };
  const matching = 'With `If-Match` only if the version is that `ETag`, with `If-None-Match: *` only if there is none.';
  return {
    [`GET ${path}`]: {
      operationId: `list${name}s`,
      tag,
      summary: `List the ${noun}s of the store`,
      answer: ENTRY_LIST,
    },
    [`GET ${path}/:key`]: {
      operationId: `show${name}`,
      tag,
      summary: `Show a ${noun} of the store`,
      description: '`ETag` is its version.',
      answer: ref('Entry'),
      problems: NOT_FOUND,
    },
    [`GET ${path}/:key/history`]: {
      operationId: `list${name}Versions`,
      tag,
      summary: `List the versions of a ${noun}, newest first`,
      answer: ENTRY_VERSIONS,
      problems: NOT_FOUND,
    },
    [`PUT ${path}/:key`]: {
      operationId: `store${name}`,
      tag,
      summary: `Store a ${noun}`,
      description: `A secret that is left out stays as it is. ${matching}`,
      answer: ref('Entry'),
      statuses: [200, 201],
      bodyType: 'application/json',
      problems: { ...conflict, 422: ['invalid_entry'] },
    },
    [`DELETE ${path}/:key`]: {
      operationId: `delete${name}`,
      tag,
      summary: `Delete a ${noun} from the store`,
      description: matching,
      statuses: [204],
      problems: { ...conflict, ...NOT_FOUND },
    },
    [`GET ${path}.jsonl`]: {
      operationId: `export${name}s`,
      tag,
      summary: `Export the ${noun}s of the store as lines of JSON`,
      answer: TEXT,
      type: LINES,
    },
    [`POST ${path}.jsonl`]: {
      operationId: `import${name}s`,
      tag,
      summary: `Import ${noun}s, a line of JSON each`,
      description: 'All of them are checked before the first is stored; `dryRun=true` stores none.',
      answer: IMPORTED,
      bodyType: LINES,
      problems: { 422: ['invalid_entry'] },
    },
  };
}
