import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** A whole answer to one request. */
export type Answer = {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

type Media = { readonly schema?: object; readonly examples?: Readonly<Record<string, unknown>> };
type Response = {
  readonly headers?: Readonly<Record<string, { readonly schema: object }>>;
  readonly content?: Readonly<Record<string, Media>>;
};
type Operation = { readonly responses: Readonly<Record<string, Response>> };
type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

/** Statuses of answers without an error on paths that the document leaves out: the reference, the button and the demo. */
const UNDOCUMENTED_SUCCESS = new Set([200, 204, 206, 301, 302, 304]);

/**
 * Gives a function that compares an answer with the OpenAPI document and returns what is wrong with it, or `undefined`.
 * A documented operation may give documented statuses, media types, header fields and codes only; every other error is a
 * problem document.
 */
export function createContract(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: false, coerceTypes: false });
  for (const format of ['uri', 'uri-reference', 'date-time', 'json-pointer']) ajv.addFormat(format, true);
  ajv.addFormat('uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  ajv.addSchema(document, 'document');
  const compiled = new Map<string, ValidateFunction>();

  const validator = (pointer: readonly string[]): ValidateFunction => {
    const path = pointer
      .map((token) => encodeURIComponent(token.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = compiled.get(path) ?? ajv.compile({ $ref: `document#/${path}` });
    compiled.set(path, validate);
    return validate;
  };
  const mismatch = (pointer: readonly string[], value: unknown): string | undefined => {
    const validate = validator(pointer);
    return validate(value) ? undefined : `${pointer.at(-2)}: ${ajv.errorsText(validate.errors)}`;
  };

  const templates = Object.keys(document.paths)
    .sort((one, other) => one.split('{').length - other.split('{').length)
    .map((template) => ({ template, pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`) }));

  return (method: string, target: string, answer: Answer): string | undefined => {
    const { status, headers, body } = answer;
    if (status >= 500) return `the status is ${status}`;
    if (!headers['x-request-id'] && status !== 100) return 'it has no X-Request-Id';
    const bodiless = method === 'HEAD' || status === 204 || (status >= 300 && status < 400);
    const path = pathOf(target);
    const template = templates.find(({ pattern }) => pattern.test(path))?.template ?? '';
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
    const responses = document.paths[template]?.[verb]?.responses;
    const response = responses?.[status];
    const type = headers['content-type']?.split(';', 1)[0] ?? '';
    if (responses && !response && status !== 204) return `${verb} ${template} documents no ${status}`;
    if (!response && status < 400 && !UNDOCUMENTED_SUCCESS.has(status)) return `an undocumented ${status}`;

    const place = ['paths', template, verb, 'responses', String(status)];
    for (const [name, { schema }] of Object.entries(response?.headers ?? {})) {
      const value = headers[name.toLowerCase()];
      if (value === undefined) continue;
      const typed = 'type' in schema && schema.type === 'integer' ? Number(value) : value;
      const wrong = mismatch([...place, 'headers', name, 'schema'], typed);
      if (wrong) return wrong;
    }
    if (bodiless) return body === '' ? undefined : 'it has a body';
    const media = response?.content?.[type];
    if (response?.content && !media) return `${verb} ${template} documents no ${type} for ${status}`;
    if (type === 'application/problem+json') {
      const problem = parse(body);
      const wrong = mismatch(['components', 'schemas', 'Problem'], problem);
      if (wrong) return wrong;
      if (problem.status !== status) return 'status and problem differ';
      if (problem.requestId !== headers['x-request-id']) return 'the header names another request';
      if (media?.examples && !(problem.code in media.examples)) return `${problem.code} is not documented`;
      return undefined;
    }
    if (status >= 400 && !media) return `an error of type ${type || '(none)'}`;
    if (type === 'application/json' && media?.schema)
      return mismatch([...place, 'content', type, 'schema'], parse(body));
    return undefined;
  };
}

/** The path that the router sees, without an absolute form's origin and with reserved characters alone escaped; empty if it cannot be decoded. */
function pathOf(target: string): string {
  const absolute = /^https?:\/\//.test(target);
  if (absolute && (target.includes('#') || !URL.canParse(target))) return '';
  const path = target.replace(/^https?:\/\/[^/?]*/, '').split(/[?#]/, 1)[0] ?? '';
  try {
    return decodeURI(path);
  } catch {
    return '';
  }
}

function parse(body: string) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
