import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EntryKind } from '../../domain/ports/entry-store.ts';
import type { EntryOperations, Expected } from '../operations/entries.ts';
import { AdminProblem } from './problem.ts';
import type { ActorOf } from './routes.ts';
import {
  ENTRIES_QUERY,
  ENTRY_LIST,
  ENTRY_PARAMS,
  ENTRY_VERSIONS,
  type EntriesQuery,
  type EntryParams,
  IMPORT_QUERY,
  IMPORTED,
  type ImportQuery,
  PAGE_QUERY,
  type PageQuery,
  pageOf,
} from './schemas.ts';

/** A site may list 100,000 merchants. */
const ENTRY_LIMIT = 2 * 1024 * 1024;
/** Some 10,000 sites. A larger import is split, or made with the command, which has no limit. */
const IMPORT_LIMIT = 4 * 1024 * 1024;
const LINES = 'application/x-ndjson';

/** The kinds of entries by the first part of their paths. */
const PATHS: readonly (readonly [path: string, kind: EntryKind])[] = [
  ['/sites', 'site'],
  ['/partners', 'partner'],
  ['/providers', 'provider'],
];

/**
 * Registers the routes of sites, partners and provider accounts in the store. What is stored is read and written as the
 * configuration file would have it, without secrets; `ETag` is its version.
 */
export async function entryRoutes(
  app: FastifyInstance,
  { entries, actorOf }: { readonly entries: EntryOperations; readonly actorOf: ActorOf },
): Promise<void> {
  // The rules read the text themselves, and tell the line and the column of a mistake.
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser(
    ['application/json', LINES],
    { parseAs: 'string' },
    async (_request: FastifyRequest, body: string) => body,
  );
  for (const [path, kind] of PATHS) routesOf(app, { path, kind, entries, actorOf });
}

type Routes = {
  readonly path: string;
  readonly kind: EntryKind;
  readonly entries: EntryOperations;
  readonly actorOf: ActorOf;
};

function routesOf(app: FastifyInstance, { path, kind, entries, actorOf }: Routes): void {
  const send = async (reply: FastifyReply, key: string): Promise<unknown> => {
    const { version, changedAt, content } = await entries.show(kind, key);
    reply.header('etag', `"${version}"`).header('last-modified', new Date(changedAt).toUTCString());
    return content;
  };

  app.get<{ Querystring: EntriesQuery }>(
    path,
    {
      schema: { summary: `List the ${kind}s of the store`, querystring: ENTRIES_QUERY, response: { 200: ENTRY_LIST } },
    },
    ({ query: { search, ...page } }) =>
      entries.list(kind, { ...pageOf(page), ...(search !== undefined && { search }) }),
  );
  app.get<{ Params: EntryParams }>(
    `${path}/:key`,
    { schema: { summary: `Show a ${kind} of the store, without its secrets`, params: ENTRY_PARAMS } },
    ({ params }, reply) => send(reply, params.key),
  );
  app.get<{ Params: EntryParams; Querystring: PageQuery }>(
    `${path}/:key/history`,
    {
      schema: {
        summary: `List the versions of a ${kind}, newest first`,
        params: ENTRY_PARAMS,
        querystring: PAGE_QUERY,
        response: { 200: ENTRY_VERSIONS },
      },
    },
    ({ params, query }) => entries.history(kind, params.key, pageOf(query)),
  );
  app.put<{ Params: EntryParams; Body: string }>(
    `${path}/:key`,
    { bodyLimit: ENTRY_LIMIT, schema: { summary: `Store a ${kind}`, params: ENTRY_PARAMS } },
    async (request, reply) => {
      const { params, body } = request;
      const options = { actor: actorOf(request), expected: expectedOf(request) };
      const { change } = await entries.put(kind, params.key, body ?? '', options);
      reply.code(change === 'created' ? 201 : 200);
      return send(reply, params.key);
    },
  );
  app.delete<{ Params: EntryParams }>(
    `${path}/:key`,
    { schema: { summary: `Delete a ${kind} from the store`, params: ENTRY_PARAMS } },
    async (request, reply) => {
      await entries.remove(kind, request.params.key, { actor: actorOf(request), expected: expectedOf(request) });
      return reply.code(204).send();
    },
  );
  app.get(
    `${path}.jsonl`,
    { schema: { summary: `Export the ${kind}s of the store as lines of JSON` } },
    (_request, reply) => reply.type(LINES).send(Readable.from(entries.exportLines(kind))),
  );
  app.post<{ Querystring: ImportQuery; Body: string }>(
    `${path}.jsonl`,
    {
      bodyLimit: IMPORT_LIMIT,
      schema: {
        summary: `Import ${kind}s, a line of JSON each; all of them are checked before the first is stored`,
        querystring: IMPORT_QUERY,
        response: { 200: IMPORTED },
      },
    },
    (request) =>
      entries.importLines((request.body ?? '').split('\n'), {
        kind,
        actor: actorOf(request),
        dryRun: request.query.dryRun === 'true',
      }),
  );
}

/** Reads `If-Match` and `If-None-Match` (RFC 9110, section 13.1). */
function expectedOf({ headers }: FastifyRequest): Expected | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (noneMatch === '*') return 0;
  if (noneMatch !== undefined) throw new AdminProblem(400, 'bad_request', 'If-None-Match is * here, or left out.');
  if (match === undefined) return undefined;
  if (match === '*') return 'any';
  const version = /^"(\d{1,9})"$/.exec(match)?.[1];
  if (version === undefined)
    throw new AdminProblem(400, 'bad_request', 'If-Match is the ETag of one answer, such as "3".');
  return Number(version);
}
