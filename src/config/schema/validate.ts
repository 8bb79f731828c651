import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { escapePointer, nearest } from '../../lib/text.ts';
import { FORMATS } from '../formats/formats.ts';
import type { Mistake } from '../problem.ts';

/** Returns every mistake in a value, each with the JSON pointer of the place to change. */
export type Validate = (value: unknown) => Located[];

/** Creates a validator for a schema, compiled at its first use. It coerces, fills in and removes nothing. */
export function compile(schema: object): Validate {
  let compiled: ValidateFunction | undefined;
  return (value) => {
    compiled ??= createAjv().compile(inFunctions(schema));
    return compiled(value) ? [] : withoutBranches((compiled.errors ?? []).filter(isWhole)).map(toMistake);
  };
}

function createAjv(): Ajv {
  // A schema validates once per start, so checking the schema itself and optimising its code would cost more than it saves.
  const onceOnly = { meta: false, validateSchema: false, code: { optimize: false } };
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, inlineRefs: false, ...onceOnly });
  ajv.addVocabulary(['errorMessage', 'nameMessage']);
  for (const [name, check] of Object.entries(FORMATS)) {
    ajv.addFormat(name, { type: 'string', validate: (text: string) => check(text) === undefined });
  }
  return ajv;
}

/**
 * The same schema with a definition for each object in it, so that ajv makes a function of each. It makes one of the whole schema
 * otherwise, and V8 takes some 150 MiB to optimise that once a file of many sites has made it hot.
 *
 * A branch of a union stays as it is, because `withoutBranches` tells it by its place.
 */
function inFunctions(schema: object): object {
  const $defs: Record<string, unknown> = {};
  const split = (value: unknown, isSchema: boolean): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const parts = Object.entries(value).map(([name, part]) => {
      if (isSchema && (name === 'properties' || name === 'patternProperties')) return [name, split(part, false)];
      return [name, !isSchema || name === 'items' || name === 'additionalProperties' ? define(part) : part];
    });
    return Object.fromEntries(parts);
  };
  const define = (part: unknown): unknown => {
    const whole = split(part, true) as { readonly type?: string; readonly errorMessage?: string };
    if (whole?.type !== 'object') return whole;
    const name = String(Object.keys($defs).length);
    $defs[name] = whole;
    // A mistake of the object around it shows the message.
    return { $ref: `#/$defs/${name}`, ...(whole.errorMessage && { errorMessage: whole.errorMessage }) };
  };
  return { ...(split(schema, true) as object), $defs };
}

/** For an invalid property name ajv reports the failed rule and then `propertyNames`; the second error is enough. */
function isWhole({ keyword, propertyName }: ErrorObject): boolean {
  return propertyName === undefined || keyword === 'propertyNames';
}

/**
 * Ajv reports a union once for itself and once for each branch. Keeps the mistakes inside the value where it has the shape
 * of a branch, else the union's own error.
 */
function withoutBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = Map.groupBy(
    errors.filter(({ keyword }) => keyword === 'anyOf'),
    ({ instancePath }) => instancePath,
  );
  // The unions whose value has the shape of a branch. Errors are looked up by their place: comparing each with each would take
  // minutes for a file with thousands of mistakes.
  const shaped = new Set<ErrorObject>();
  for (const error of errors) {
    for (const path of placesAround(error.instancePath)) {
      for (const union of unions.get(path) ?? []) if (isOfBranch(error, union)) shaped.add(union);
    }
  }
  return errors.filter((error) => {
    if (shaped.has(error)) return false;
    return !unions.get(error.instancePath)?.some((union) => isOfBranch(error, union));
  });
}

function placesAround(instancePath: string): string[] {
  const tokens = instancePath.split('/');
  return tokens.slice(1).map((_, index) => tokens.slice(0, index + 1).join('/'));
}

function isOfBranch(error: ErrorObject, union: ErrorObject): boolean {
  return error.schemaPath.startsWith(`${union.schemaPath}/`);
}

/** A mistake at a JSON pointer (RFC 6901); an empty pointer is the whole value. */
export type Located = Mistake & { readonly pointer: string };

/** Translates one of ajv's errors for a person. It never quotes the value; it does quote names of properties. */
function toMistake(error: ErrorObject): Located {
  const { params, instancePath: pointer } = error;
  const right = String(error.parentSchema?.errorMessage);
  switch (error.keyword) {
    case 'required':
      return {
        pointer: `${pointer}/${escapePointer(params.missingProperty)}`,
        problem: 'is missing',
        fix: fixOfMissing(error),
      };
    case 'additionalProperties':
      return { pointer: `${pointer}/${escapePointer(params.additionalProperty)}`, ...unknownName(error) };
    case 'propertyNames': {
      const at = `${pointer}/${escapePointer(params.propertyName)}`;
      return { pointer: at, problem: 'is not a usable name', fix: String(error.parentSchema?.nameMessage) };
    }
    case 'type':
      return { pointer, problem: `is not ${article(params.type)}`, fix: right };
    case 'enum':
      return { pointer, problem: 'is not one of the choices', fix: fixOfChoice(error, right) };
    case 'format':
      return { pointer, ...(FORMATS[params.format]?.(String(error.data)) ?? { problem: 'is wrong', fix: right }) };
    case 'minimum':
    case 'maximum':
      return { pointer, problem: 'is out of range', fix: right };
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return { pointer, problem: 'is empty', fix: right };
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return { pointer, problem: 'holds too much', fix: right };
    default:
      return { pointer, problem: 'has the wrong form', fix: right };
  }
}

function article(type: string): string {
  if (type === 'string') return 'a text';
  return type === 'array' ? 'a list' : `${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`;
}

function fixOfMissing({ parentSchema, params }: ErrorObject): string {
  return String(parentSchema?.properties[params.missingProperty].errorMessage);
}

function unknownName({ parentSchema, params }: ErrorObject): Mistake {
  const known = parentSchema?.properties;
  if (known === undefined) return { problem: 'is not a usable name', fix: String(parentSchema?.nameMessage) };
  const meant = nearest(params.additionalProperty, Object.keys(known));
  return {
    problem: 'is not a known name',
    fix: meant === undefined ? `known are ${Object.keys(known).join(', ')}` : `did you mean ${meant}?`,
  };
}

function fixOfChoice({ data, params }: ErrorObject, right: string): string {
  const meant = typeof data === 'string' ? nearest(data, params.allowedValues) : undefined;
  return meant === undefined ? right : `${right}; did you mean ${meant}?`;
}
