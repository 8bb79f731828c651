import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Where clients read what changed in the API, and what is going to end. */
export const CHANGES_PATH = '/docs/changes';

/** An operation of the API, or one of its fields, that is going to end. */
export type Deprecation = {
  /** Method and path as in the OpenAPI document: `GET /conversations/{id}`. */
  readonly operation: string;
  /** Only requests with this are told: `/consumer/age`, a field of the JSON body, or `?page`, a parameter of the query. */
  readonly field?: string;
  /** From this day (UTC) on it should not be used: `2027-01-31`. */
  readonly since: string;
  /** From this day on it may be refused; absent as long as no day is set. */
  readonly sunset?: string;
  /** What to do instead, in one sentence for the reference. */
  readonly instead: string;
};

/**
 * All that is deprecated now. An entry marks the OpenAPI document and the answers; `docs/api-changelog.md` has to name it, and a
 * sunset lies six months or more after `since`. Tests hold both.
 */
export const DEPRECATIONS: readonly Deprecation[] = [];

/** The header fields of answers to requests that use what is deprecated. */
export function deprecationHeaders({ since, sunset }: Deprecation): Readonly<Record<string, string>> {
  return {
    // A date of RFC 9651: seconds since the epoch.
    deprecation: `@${Date.parse(since) / 1_000}`,
    ...(sunset !== undefined && { sunset: new Date(sunset).toUTCString() }),
    link: `<${CHANGES_PATH}>; rel="deprecation"; type="text/plain"`,
  };
}

/**
 * Adds `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and a link to the answers of routes that are added from now on, errors
 * included. Only marked routes get a hook.
 */
export function announceDeprecations(app: FastifyInstance, deprecations: readonly Deprecation[]): void {
  if (deprecations.length === 0) return;
  app.addHook('onRoute', (route) => {
    const names = [route.method].flat().map((method) => `${method} ${documentedPath(route.url)}`);
    const marks = deprecations
      .filter(({ operation }) => names.includes(operation))
      .map((one) => ({ field: one.field, headers: deprecationHeaders(one) }));
    if (marks.length === 0) return;
    route.onSend = [
      ...[route.onSend ?? []].flat(),
      (request, reply, _payload, done) => {
        // The operation as a whole comes before one of its fields: the same header field tells of one.
        const used = marks.filter(({ field }) => field === undefined || hasField(request, field));
        const mark = used.find(({ field }) => field === undefined) ?? used[0];
        if (mark) reply.headers(mark.headers);
        done();
      },
    ];
  });
}

/** A path as the OpenAPI document spells it. */
export function documentedPath(url: string): string {
  return url.replace(/:(\w+)/g, '{$1}');
}

function hasField({ body, query }: FastifyRequest, field: string): boolean {
  if (field.startsWith('?')) return Object.hasOwn(Object(query), field.slice(1));
  let value: unknown = body;
  for (const name of field.slice(1).split('/')) {
    if (!Object.hasOwn(Object(value), name)) return false;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return true;
}

type Marked = { deprecated?: boolean; description?: string };
type Schema = Marked & { $ref?: string; properties?: Record<string, Schema> };
type Parameter = Marked & { name: string; in: string };
type Operation = Marked & {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { headers?: Record<string, object> }>;
};
type Document = {
  readonly paths?: Record<string, Record<string, Operation>>;
  readonly components?: { readonly schemas?: Record<string, Schema> };
};

const HEADERS = {
  Deprecation: { description: 'Since when this is deprecated (RFC 9745).', schema: { type: 'string' } },
  Sunset: { description: 'When it may be gone (RFC 8594).', schema: { type: 'string' } },
};

/**
 * Marks what is deprecated in an OpenAPI document.
 * @throws Error for an operation or field that is not in the document
 */
export function markDeprecated<Any extends object>(document: Any, deprecations: readonly Deprecation[]): Any {
  const { paths = {}, components } = document as Document;
  for (const { operation: name, field, since, sunset, instead } of deprecations) {
    const [method = '', path = ''] = name.split(' ');
    const operation = paths[path]?.[method.toLowerCase()];
    const marked =
      operation && (field === undefined ? operation : fieldOf(operation, field, components?.schemas ?? {}));
    if (!operation || !marked) throw new Error(`Deprecated, but not in the document: ${name} ${field ?? ''}`);
    marked.deprecated = true;
    const end = sunset === undefined ? '' : `, and may be gone from ${sunset} on`;
    marked.description = `Deprecated since ${since}${end}. ${instead} ${marked.description ?? ''}`.trim();
    for (const response of Object.values(operation.responses)) response.headers = { ...response.headers, ...HEADERS };
  }
  return document;
}

function fieldOf(operation: Operation, field: string, schemas: Record<string, Schema>): Marked | undefined {
  if (field.startsWith('?'))
    return operation.parameters?.find((one) => one.in === 'query' && one.name === field.slice(1));
  let schema = operation.requestBody?.content['application/json']?.schema;
  for (const name of field.slice(1).split('/')) {
    const target = schema?.$ref === undefined ? schema : schemas[schema.$ref.split('/').at(-1) ?? ''];
    schema = target?.properties?.[name];
  }
  return schema;
}
