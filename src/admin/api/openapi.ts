import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { PROBLEM_TYPE } from '../../lib/problem.ts';
import { type AdminRole, isConsolePath, NEEDED_ROLE } from './roles.ts';

/** What the document is made with; loaded when it is first asked for. */
type Texts = typeof import('./operation-texts.ts') & typeof import('./answer-schemas.ts');

/** Problems of every request with a token, by status. */
const COMMON: Readonly<Record<number, readonly string[]>> = {
  400: ['bad_request'],
  401: ['invalid_token', 'token_expired'],
  403: ['role_required', 'admin_token_required'],
  417: ['expectation_failed'],
  429: ['rate_limited'],
  500: ['internal_error'],
  503: ['storage_unavailable'],
};
const WITH_INPUT = { 422: ['invalid_request'] };
const WITH_BODY = { 413: ['body_too_large'], 415: ['unsupported_media_type'], 400: ['invalid_json'] };

const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'The scheme.' },
  429: { 'Retry-After': 'Seconds to wait.' },
  503: { 'Retry-After': 'Seconds to wait.' },
};

declare module 'fastify' {
  interface FastifyInstance {
    /** The OpenAPI document of the admin API. */
    adminDocument(): Promise<object>;
  }
}

/**
 * Makes the OpenAPI document of every route of the admin API that is added from now on, and `GET /openapi.json`, which serves it.
 * It is put together when it is first asked for, of the schemas of the routes, their roles and `operation-texts.ts`.
 */
export async function addAdminOpenApi(app: FastifyInstance, version: string): Promise<void> {
  let texts: Texts | undefined;
  let document: Promise<object> | undefined;

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Text Connect Gateway, admin API',
        version,
        description:
          'What operators do, over HTTP: on the listener of `ADMIN_PORT`, never on the public one. Each operation says which role it needs; a role may do what the ones before it may: ' +
          'metrics, viewer, operator, admin. Nothing is answered without a valid token, not even a path that does not exist.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This listener' }],
      tags: [
        { name: 'leads', description: 'Look at leads and send them again.' },
        { name: 'numbers', description: 'Erase and suppress numbers.' },
        { name: 'reports', description: 'Counts, consents, reconciliation and the audit.' },
        { name: 'state', description: 'The running processes and what they call.' },
        { name: 'entries', description: 'Sites, partners and provider accounts of the store.' },
        { name: 'this document', description: 'The contract of the admin API.' },
      ],
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token of an operator, `ADMIN_TOKEN`, or for metrics `METRICS_TOKEN`.',
          },
        },
      },
      security: [{ token: [] }],
    },
    transform: ({ schema, url, route }) => {
      if (isConsolePath(url)) return { schema: { ...schema, hide: true }, url };
      const [method = ''] = [route.method].flat();
      return { schema: texts ? describe(texts, `${method} ${url}`, schema ?? {}) : (schema ?? {}), url };
    },
    transformObject: (documents) => {
      if (!('openapiObject' in documents) || !texts) throw new Error('The document is made by adminDocument().');
      const { openapiObject: document } = documents;
      // The types of the plugin do not know JSON Schema as OpenAPI 3.1 has it.
      Object.assign(document, { components: { ...document.components, schemas: texts.SCHEMAS } });
      return document;
    },
  });

  const build = async (): Promise<object> => {
    texts = { ...(await import('./operation-texts.ts')), ...(await import('./answer-schemas.ts')) };
    return app.swagger();
  };
  app.decorate('adminDocument', () => {
    document ??= build();
    return document;
  });
  app.get('/openapi.json', () => app.adminDocument());
}

function describe({ OPERATION_TEXTS }: Texts, name: string, schema: FastifySchema): FastifySchema {
  const text = OPERATION_TEXTS[name];
  const role = NEEDED_ROLE[name];
  if (!text || !role) throw new Error(`${name} has no text in src/admin/api/operation-texts.ts.`);
  const { operationId, tag, summary, description = '', answer, type = 'application/json', bodyType } = text;
  const { statuses = [200], problems = {} } = text;
  const hasBody = 'body' in schema || bodyType !== undefined;
  const hasInput = hasBody || 'querystring' in schema || 'params' in schema;
  const success = Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: 'Done.', ...(answer && { content: { [type]: { schema: answer } } }) },
    ]),
  );
  return {
    ...schema,
    ...(bodyType !== undefined && {
      body: {
        content: {
          [bodyType]: {
            schema:
              bodyType.endsWith('json') && bodyType.startsWith('application/json')
                ? { $ref: '#/components/schemas/Entry' }
                : { type: 'string' },
          },
        },
      },
    }),
    operationId,
    summary,
    description: `${description} Role: ${role}.`.trim(),
    tags: [tag],
    'x-role': role satisfies AdminRole,
    response: {
      ...success,
      ...problemAnswers([COMMON, hasInput ? WITH_INPUT : {}, hasBody ? WITH_BODY : {}, problems]),
    },
  } as FastifySchema;
}

function problemAnswers(sources: readonly Readonly<Record<number, readonly string[]>>[]): Record<string, object> {
  const byStatus = new Map<string, string[]>();
  for (const [status, codes] of sources.flatMap((one) => Object.entries(one)))
    byStatus.set(status, [...(byStatus.get(status) ?? []), ...codes]);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\``).join(', '),
        headers: Object.fromEntries(
          Object.entries(HEADERS[Number(status)] ?? {}).map(([header, description]) => [
            header,
            { type: 'string', description },
          ]),
        ),
        content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}
