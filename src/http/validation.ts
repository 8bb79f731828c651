import type { FastifyRequest, FastifySchemaValidationError } from 'fastify';
import { MAX_FIELD_ERRORS } from '../domain/draft.ts';
import type { FieldError } from '../domain/refusal.ts';
import { escapePointer, nearest } from '../lib/text.ts';

/** An ajv error with `verbose` on: the schema that failed and the value that it failed for. */
type Failure = FastifySchemaValidationError & {
  readonly data?: unknown;
  readonly parentSchema?: Readonly<Record<string, unknown>>;
  readonly propertyName?: string;
};

/** Characters of a key from the request that the answer repeats. */
const KEY_SHOWN = 64;

/**
 * The one field that ajv found wrong: a pointer to it and what would be right, never its value. A missing field and an
 * unknown key are pointed at themselves and not at the object around them.
 */
export function fieldErrors(failures: readonly FastifySchemaValidationError[]): FieldError[] {
  const failure = mostTelling(failures as readonly Failure[]);
  return failure ? [{ pointer: pointerOf(failure), code: 'invalid_request', detail: detailOf(failure) }] : [];
}

/**
 * `anyOf` reports every alternative and then itself. The alternative whose type matched says more than "none fits",
 * and it is the one that failed for another reason than its type, or further inside.
 */
function mostTelling(failures: readonly Failure[]): Failure | undefined {
  const choice = failures.find(({ keyword }) => keyword === 'anyOf');
  if (!choice) return failures.find(({ keyword }) => keyword === 'propertyNames') ?? failures[0];
  const inside = failures.filter(
    ({ keyword, instancePath }) =>
      keyword !== 'anyOf' && (keyword !== 'type' || instancePath.length > choice.instancePath.length),
  );
  return inside.find(({ keyword }) => keyword === 'propertyNames') ?? inside[0] ?? choice;
}

function pointerOf({ keyword, instancePath, params }: Failure): string {
  const key =
    keyword === 'required'
      ? params.missingProperty
      : keyword === 'additionalProperties'
        ? params.additionalProperty
        : keyword === 'propertyNames'
          ? params.propertyName
          : undefined;
  return typeof key === 'string' ? `${instancePath}/${pointerToken(key)}` : instancePath;
}

/** One token of a JSON pointer (RFC 6901), shortened where the key of the request is very long. */
export function pointerToken(key: string): string {
  return escapePointer(key.slice(0, KEY_SHOWN).toWellFormed());
}

function detailOf({ keyword, params, data, parentSchema = {} }: Failure): string {
  switch (keyword) {
    case 'required':
      return 'Is missing, and it is required.';
    case 'additionalProperties':
      return `Is not a known field; leave it out. Known here: ${Object.keys(Object(parentSchema.properties)).join(', ')}.`;
    case 'type':
      return `Is ${nameOf(data)}; must be ${typeNames(params.type)}.`;
    case 'anyOf':
      return `Is ${nameOf(data)}; must be a text, or an object of names and values.`;
    case 'minLength':
      return 'Is empty; send at least one character.';
    case 'maxLength':
      return `Is too long; ${params.limit} characters at most.`;
    case 'minimum':
    case 'maximum':
      return `Is out of range; must be from ${parentSchema.minimum} to ${parentSchema.maximum}.`;
    case 'maxProperties':
      return `Has too many names; ${params.limit} at most.`;
    case 'propertyNames':
      return 'Is a name of the wrong length; 1 to 64 characters.';
    default:
      return `Does not have the right form. ${parentSchema.description ?? ''}`.trimEnd();
  }
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function typeNames(type: unknown): string {
  return [type]
    .flat()
    .map((name) => NAMES[String(name)])
    .join(', or ');
}

function nameOf(data: unknown): string {
  if (data === null) return 'null';
  if (typeof data === 'number' && !Number.isFinite(data)) return 'a number beyond all bounds';
  return NAMES[Array.isArray(data) ? 'array' : typeof data] ?? 'of another type';
}

/** The parts of a JSON Schema that are walked through here; every other keyword is left to ajv. */
export type BodySchema = {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, BodySchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly BodySchema[];
  readonly additionalProperties?: boolean | object;
  readonly maxProperties?: number;
};

type Names = ReadonlyMap<string, readonly string[]>;

/**
 * Every mistake of a body that ajv refused (the route has `attachValidation`): one for each known field, and the unknown fields,
 * `MAX_FIELD_ERRORS` at most.
 *
 * Ajv itself stops at the first one. With its `allErrors` a body of 64 KiB would make thousands of errors, and each of them
 * costs an object with the schema and the value; this way the work is bounded by the schema.
 */
export function bodyMistakes(request: FastifyRequest, schema: BodySchema): FieldError[] {
  const found: FieldError[] = [];
  const names = namesOf(schema);
  const add = (errors: readonly FieldError[]): void => {
    found.push(...errors.slice(0, MAX_FIELD_ERRORS - found.length));
  };
  const full = (): boolean => found.length >= MAX_FIELD_ERRORS;

  const walk = (value: unknown, part: BodySchema, pointer: string): void => {
    const { properties, required = [] } = part;
    if (properties && isObject(value)) {
      for (const [name, inner] of Object.entries(properties)) {
        const place = `${pointer}/${name}`;
        if (Object.hasOwn(value, name)) walk(value[name], inner, place);
        else if (required.includes(name)) add([mistake(place, 'Is missing, and it is required.')]);
      }
      for (const key of Object.keys(value)) {
        if (full()) return;
        if (!Object.hasOwn(properties, key)) add([unknownField(key, pointer, Object.keys(properties), names)]);
      }
    } else if (isListOfNames(value, part)) {
      for (const [key, each] of Object.entries(value)) add(leaf({ [key]: each }, part, pointer));
    } else {
      add(leaf(value, part, pointer));
    }
  };

  /** The first mistake of a value that has no fields of its own. */
  const leaf = (value: unknown, part: BodySchema, pointer: string): FieldError[] => {
    const validate = request.getValidationFunction(part) ?? request.compileValidationSchema(part);
    if (validate(value)) return [];
    return fieldErrors(validate.errors ?? []).map((error) => ({ ...error, pointer: pointer + error.pointer }));
  };

  const { validationError, body } = request;
  if (!isObject(body)) return fieldErrors(validationError?.validation ?? []);
  walk(body, schema, '');
  // A body that ajv refused stays refused, even if this walk finds no mistake.
  return found.length > 0 ? found : fieldErrors(validationError?.validation ?? []);
}

/** Names with values of the visitor's choice, few enough for each to be looked at. */
function isListOfNames(value: unknown, { anyOf = [] }: BodySchema): value is Record<string, unknown> {
  const most = anyOf.find(({ maxProperties }) => maxProperties !== undefined)?.maxProperties;
  return most !== undefined && isObject(value) && Object.keys(value).length <= most;
}

function unknownField(key: string, pointer: string, known: readonly string[], names: Names): FieldError {
  const place = `${pointer}/${pointerToken(key)}`;
  const meant = meantField(key, pointer, known, names);
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  return mistake(place, `Is not a known field; leave it out.${hint} Known here: ${known.join(', ')}.`);
}

/** The pointer of the field that was probably meant: the same word in another spelling, here or elsewhere, or a near one here. */
function meantField(key: string, pointer: string, known: readonly string[], names: Names): string | undefined {
  const same = names.get(plain(key)) ?? [];
  const here = known.find((name) => plain(name) === plain(key));
  const near = here ?? (same.length === 0 && key.length <= 64 ? nearest(key, known) : undefined);
  return near === undefined ? same[0] : `${pointer}/${near}`;
}

/** Where each name of the schema stands, by the name in small letters alone. */
function namesOf(schema: BodySchema, pointer = '', names = new Map<string, string[]>()): Names {
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const place = `${pointer}/${name}`;
    names.set(plain(name), [...(names.get(plain(name)) ?? []), place]);
    namesOf(inner, place, names);
  }
  return names;
}

function plain(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[^a-z]/g, '');
}

function mistake(pointer: string, detail: string): FieldError {
  return { pointer, code: 'invalid_request', detail };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
