import { FILE_FORMATS, type FileFormat } from '../../leads/reconciliation.ts';
import { ERROR_HEADERS, LIMITED } from './operations.ts';
import { problemResponses, RATE_HEADERS, REQUEST_ID_HEADER } from './problem.ts';

/** Media types of the files of a day. */
export const FILE_TYPES: Readonly<Record<FileFormat, string>> = {
  jsonl: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
};

export const RECONCILIATION_QUERY = {
  type: 'object',
  properties: {
    format: {
      type: 'string',
      enum: [...FILE_FORMATS],
      description: 'Lines of JSON, or CSV for spreadsheets. Default: jsonl.',
      examples: ['csv'],
    },
  },
} as const;

const JSON_LINES = [
  '{"reference":"order-20261128-0042","id":"cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ","outcome":"delivered","certainty":"confirmed",' +
    '"final":true,"attempts":1,"createdAt":"2026-11-28T12:00:00.007Z","updatedAt":"2026-11-28T12:00:01.507Z"}',
  '{"leads":1,"signatures":["v1,3vYwQ0jLwXf0mBzJtq2zv1mQYk5b2zq7w1w0m2o4g0A="]}',
].join('\n');

export const READ_RECONCILIATION = {
  operationId: 'readReconciliation',
  summary: 'Download what became of the leads of a day',
  description:
    'A file of the leads that the partner sent on one day (UTC), newest first, without personal data; with a test key of its test leads, else without them. ' +
    'Each line has `reference`, `id`, `outcome`, `reason` of a rejected lead, `certainty`, `final`, `attempts`, `createdAt` and `updatedAt`. ' +
    'The last line has the signature: `v1,` and the HMAC-SHA-256, in base64, of all bytes before that line. Its key is the SHA-256 of the API key. ' +
    'A file without that line is not complete. Counts on the rate of the partner.',
  tags: ['conversations'],
  security: [{ partnerKey: [] }],
  params: {
    type: 'object',
    required: ['date'],
    properties: {
      date: { type: 'string', description: 'The day on which the leads were stored.', examples: ['2026-11-28'] },
    },
  },
  querystring: RECONCILIATION_QUERY,
  response: {
    200: {
      description: 'The file.',
      headers: { ...REQUEST_ID_HEADER, ...RATE_HEADERS },
      content: {
        'application/x-ndjson': { schema: { type: 'string', description: 'Lines of JSON.' }, example: JSON_LINES },
        'text/csv': { schema: { type: 'string', description: 'The same as CSV.' } },
      },
    },
    ...problemResponses(
      [...LIMITED, 'invalid_api_key', 'internal_error', 'storage_unavailable', 'overloaded'],
      ERROR_HEADERS,
    ),
  },
};
