import { AjvCompiler } from '@fastify/ajv-compiler';
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';

type BuildValidator = ReturnType<typeof AjvCompiler>;
type BuildSerializer = ReturnType<typeof SerializerSelector>;
type Validator = ReturnType<ReturnType<BuildValidator>>;
type Serializer = ReturnType<ReturnType<BuildSerializer>>;

const compileValidators = AjvCompiler();
const compileSerializers = SerializerSelector();
const validators = createPool<Validator>();
const serializers = createPool<Serializer>();

/**
 * Validates parts of requests with ajv, by the options that the fastify app has for it. A schema is compiled when the first
 * request needs it, and once in a process for all routes and apps that share it: compiling those of all routes would add a
 * fifth to the CPU time of each start. A schema that cannot be compiled is found by the first test of its route.
 */
const buildValidator: BuildValidator = (externalSchemas, options) => {
  const pooled = validators(() => [externalSchemas, options?.customOptions]);
  return (route) => {
    let compiled: Validator | undefined;
    // Fastify reads a validator's result and then its `errors`.
    const validate = (value: unknown) => {
      compiled ??= pooled(schemaOf(route), () => compileValidators(externalSchemas, options)(route));
      const valid = compiled(value);
      validate.errors = compiled.errors;
      return valid;
    };
    validate.errors = undefined as Validator['errors'];
    return validate as Validator;
  };
};

/**
 * Serialises answers by their response schemas, so that a field that is in no schema cannot leave. A schema is compiled when the
 * first answer needs it, and once in a process.
 */
const buildSerializer: BuildSerializer = (externalSchemas, options) => {
  const pooled = serializers(() => [externalSchemas, options]);
  return (route) => {
    let compiled: Serializer | undefined;
    return (body) => {
      compiled ??= pooled(schemaOf(route), () => compileSerializers(externalSchemas, options)(route));
      return compiled(body);
    };
  };
};

/** The compilers of every fastify app of this program. */
export const SCHEMA_COMPILERS = { buildValidator, buildSerializer };

/** Keeps what was compiled: by the shared schemas and the options of the app, and then by the schema itself. */
function createPool<T>() {
  const pool = new Map<string, Map<string, T>>();
  return (context: () => unknown) => {
    let known: Map<string, T> | undefined;
    return (schema: unknown, compile: () => T): T => {
      known ??= entryOf(pool, JSON.stringify(context()), () => new Map());
      return entryOf(known, JSON.stringify(schema), compile);
    };
  };
}

function entryOf<V>(map: Map<string, V>, key: string, create: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const created = create();
  map.set(key, created);
  return created;
}

/** Fastify passes what it compiles together with the route that it is for. */
function schemaOf(route: unknown): unknown {
  return (route as { readonly schema: unknown }).schema;
}
