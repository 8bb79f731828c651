import type { ErrorObject } from 'ajv';
import { FORMATS } from '../formats/formats.ts';
import { nearest } from '../nearest.ts';
import type { Mistake } from '../problem.ts';

/** A mistake at a JSON pointer (RFC 6901); an empty pointer is the whole value. */
export type Located = Mistake & { readonly pointer: string };

/** What one of ajv's errors means for a person. The value itself is never quoted; names of properties are. */
export function toMistake(error: ErrorObject): Located {
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

/** One name as a part of a JSON pointer. */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
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
