import type { XStatic } from 'typebox/schema';
import type { PageRequest } from '../operations/operations.ts';

/** Most leads that one request may send; commands have no such limit. */
export const SEND_MAX = 1_000;
const IDS_MAX = 1_000;

const WORD = { type: 'string', minLength: 1, maxLength: 64 } as const;
const WORDS = { type: 'array', minItems: 1, maxItems: 20, items: WORD } as const;
const BOOLEAN = { type: 'string', enum: ['true', 'false'] } as const;
const PHONE = { type: 'string', minLength: 1, maxLength: 64 } as const;
const COUNTRY = { type: 'string', pattern: '^[A-Z]{2}$' } as const;
/** A query string is text and is not coerced, so a pattern checks the number: 1 to 500 entries a page. */
const LIMIT = { type: 'string', pattern: '^([1-9][0-9]?|[1-4][0-9]{2}|500)$' } as const;
const CURSOR = { type: 'string', minLength: 1, maxLength: 128 } as const;

const ID = { type: 'string', pattern: '^cnv_[A-Za-z0-9_-]{1,64}$' } as const;

/** A filter in the query string, with comma-separated lists. It has no phone number, because proxies log addresses. */
export const LEADS_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    status: WORD,
    cause: WORD,
    site: WORD,
    partner: WORD,
    provider: WORD,
    test: BOOLEAN,
    since: WORD,
    until: WORD,
    limit: LIMIT,
    after: CURSOR,
  },
} as const;
export type LeadsQuery = XStatic<typeof LEADS_QUERY>;

const FILTER = {
  ids: { type: 'array', minItems: 1, maxItems: IDS_MAX, items: ID },
  status: WORDS,
  cause: WORDS,
  site: WORD,
  partner: WORD,
  provider: WORD,
  test: BOOLEAN,
  since: WORD,
  until: WORD,
  phone: PHONE,
  country: COUNTRY,
} as const;

export const SEARCH_BODY = {
  type: 'object',
  additionalProperties: false,
  properties: { ...FILTER, limit: { type: 'integer', minimum: 1, maximum: 500 }, after: CURSOR },
} as const;
export type SearchBody = XStatic<typeof SEARCH_BODY>;

export const SEND_BODY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...FILTER,
    dryRun: { type: 'boolean' },
    limit: { type: 'integer', minimum: 1, maximum: SEND_MAX },
  },
} as const;
export type SendBody = XStatic<typeof SEND_BODY>;

export const ERASE_BODY = {
  type: 'object',
  required: ['phone'],
  additionalProperties: false,
  properties: { phone: PHONE, country: COUNTRY, suppress: { type: 'boolean' } },
} as const;
export type EraseBody = XStatic<typeof ERASE_BODY>;

export const NUMBER_BODY = {
  type: 'object',
  required: ['phone'],
  additionalProperties: false,
  properties: { phone: PHONE, country: COUNTRY },
} as const;
export type NumberBody = XStatic<typeof NUMBER_BODY>;

export const CONSENTS_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { site: WORD, since: WORD, until: WORD, limit: LIMIT, after: CURSOR },
} as const;
export type ConsentsQuery = XStatic<typeof CONSENTS_QUERY>;

/** `by`: comma-separated dimensions; without it the figures of all leads. */
export const STATS_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { by: WORD },
} as const;
export type StatsQuery = XStatic<typeof STATS_QUERY>;

export const PAGE_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { limit: LIMIT, after: CURSOR },
} as const;
export type PageQuery = XStatic<typeof PAGE_QUERY>;

export const ID_PARAMS = { type: 'object', required: ['id'], properties: { id: ID } } as const;
export type IdParams = XStatic<typeof ID_PARAMS>;

export const PROVIDER_PARAMS = { type: 'object', required: ['key'], properties: { key: WORD } } as const;
export type ProviderParams = XStatic<typeof PROVIDER_PARAMS>;

export const ENTRY_PARAMS = { type: 'object', required: ['key'], properties: { key: WORD } } as const;
export type EntryParams = XStatic<typeof ENTRY_PARAMS>;

export const ENTRIES_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { limit: LIMIT, after: CURSOR, search: { type: 'string', minLength: 1, maxLength: 128 } },
} as const;
export type EntriesQuery = XStatic<typeof ENTRIES_QUERY>;

export const IMPORT_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { dryRun: { type: 'string', enum: ['true', 'false'] } },
} as const;
export type ImportQuery = XStatic<typeof IMPORT_QUERY>;

const AUTHORED = {
  version: { type: 'integer' },
  changedAt: { type: 'string', format: 'date-time' },
  changedBy: { type: 'string' },
} as const;

const pageSchema = (properties: object, required: readonly string[]) => ({
  type: 'object',
  required: ['items'],
  properties: {
    items: { type: 'array', items: { type: 'object', required, properties } },
    next: { type: 'string', description: 'The cursor of the following page; absent on the last one.' },
  },
});

export const ENTRY_LIST = pageSchema({ key: { type: 'string' }, title: { type: 'string' }, ...AUTHORED }, [
  'key',
  'title',
  'version',
  'changedAt',
  'changedBy',
]);

export const ENTRY_VERSIONS = pageSchema(
  { ...AUTHORED, content: { description: 'As the configuration file would have it; absent for a removal.' } },
  ['version', 'changedAt', 'changedBy'],
);

export const IMPORTED = {
  type: 'object',
  required: ['created', 'replaced', 'unchanged'],
  properties: { created: { type: 'integer' }, replaced: { type: 'integer' }, unchanged: { type: 'integer' } },
} as const;

export const REVEAL_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { reveal: BOOLEAN },
} as const;
export type RevealQuery = XStatic<typeof REVEAL_QUERY>;

/** Entries of a page if the request names no limit. */
export const DEFAULT_LIMIT = 50;

/** Reads the page of a query. */
export function pageOf({ limit, after }: { limit?: string | undefined; after?: string | undefined }): PageRequest {
  return { limit: limit === undefined ? DEFAULT_LIMIT : Number(limit), ...(after !== undefined && { after }) };
}

/** Reads a comma-separated list of a query into the named field; no field for an absent list. */
export function wordsOf<Name extends string>(name: Name, text: string | undefined): { [N in Name]?: string[] } {
  return (text === undefined ? {} : { [name]: text.split(',') }) as { [N in Name]?: string[] };
}
