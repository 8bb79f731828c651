import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { FORMATS } from '../formats/formats.ts';
import { type Located, toMistake } from './mistakes.ts';

/** Gives every mistake in a value, each with the JSON pointer of the place where something has to change. */
export type Validate = (value: unknown) => Located[];

/** A validator of one of our schemas, compiled when it is first used. Nothing is coerced, filled in or removed. */
export function compile(schema: object): Validate {
  let compiled: ValidateFunction | undefined;
  return (value) => {
    compiled ??= createAjv().compile(schema);
    return compiled(value) ? [] : withoutBranches((compiled.errors ?? []).filter(isWhole)).map(toMistake);
  };
}

function createAjv(): Ajv {
  // A schema runs once a start: what ajv spends on checking the schema itself and on faster code is never earned back.
  const onceOnly = { meta: false, validateSchema: false, code: { optimize: false } };
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, ...onceOnly });
  ajv.addVocabulary(['errorMessage', 'nameMessage']);
  for (const [name, check] of Object.entries(FORMATS)) {
    ajv.addFormat(name, { type: 'string', validate: (text: string) => check(text) === undefined });
  }
  return ajv;
}

/** Of a name that is wrong ajv tells why, and then that it is: the second is enough. */
function isWhole({ keyword, propertyName }: ErrorObject): boolean {
  return propertyName === undefined || keyword === 'propertyNames';
}

/**
 * Ajv reports a union once for itself and once for each branch. What remains is what a person has to know: the mistakes
 * inside the value when it has the shape of a branch, else the union's own.
 */
function withoutBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf');
  return errors.filter((error) =>
    unions.every((union) => {
      const inner = errors.some((other) => isOfBranch(other, union) && other.instancePath !== union.instancePath);
      if (error === union) return !inner;
      return !isOfBranch(error, union) || error.instancePath !== union.instancePath;
    }),
  );
}

function isOfBranch(error: ErrorObject, union: ErrorObject): boolean {
  const sameValue = `${error.instancePath}/`.startsWith(`${union.instancePath}/`);
  return sameValue && error.schemaPath.startsWith(`${union.schemaPath}/`);
}
