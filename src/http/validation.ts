import type { FastifySchemaValidationError } from 'fastify';
import type { FieldError } from '../domain/refusal.ts';
import { escapePointer } from '../lib/text.ts';

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
