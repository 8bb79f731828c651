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
/** What no request has needed yet, by method and URL of the route: `POST /conversations`. */
const uncompiled = new Map<string, (() => unknown)[]>();

/**
 * Validates parts of requests with ajv, by the options that the fastify app has for it. A schema is compiled when the first
 * request needs it, and once in a process for all routes and apps that share it: compiling those of all routes would add a
 * fifth to the CPU time of each start. A schema that cannot be compiled is found by the first test of its route.
 */
const buildValidator: BuildValidator = (externalSchemas, options) => {
  const pooled = validators(() => [externalSchemas, options?.customOptions]);
  return (route) => {
    let compiled: Validator | undefined;
    const compile = () => {
      compiled ??= pooled(schemaOf(route), () => compileValidators(externalSchemas, options)(route));
      return compiled;
    };
    entryOf(uncompiled, nameOf(route), () => []).push(compile);
    // Fastify reads a validator's result and then its `errors`.
    const validate = (value: unknown) => {
      const valid = compile()(value);
      validate.errors = compiled?.errors;
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
    const compile = () => {
      compiled ??= pooled(schemaOf(route), () => compileSerializers(externalSchemas, options)(route));
      return compiled;
    };
    entryOf(uncompiled, nameOf(route), () => []).push(compile);
    return (body) => compile()(body);
  };
};

/** The compilers of every fastify app of this program. */
export const SCHEMA_COMPILERS = { buildValidator, buildSerializer };

/**
 * Compiles the schemas of a route now, so that its first request does not wait for that. It takes tens of milliseconds, in which
 * nothing else runs.
 *
 * @param route method and URL as the route declares them: `POST /conversations`
 * @returns how many schemas the route has, in all apps since the last call
 * @throws where no app has such a route with schemas
 */
export function compileAhead(route: string): number {
  const compiles = uncompiled.get(route);
  if (!compiles) throw new Error(`No app has a route ${route} with schemas.`);
  for (const compile of compiles) compile();
  return compiles.splice(0).length;
}

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

function nameOf(route: unknown): string {
  const { method, url } = route as { readonly method: string; readonly url: string };
  return `${method} ${url}`;
}

/** Fastify passes what it compiles together with the route that it is for. */
function schemaOf(route: unknown): unknown {
  return (route as { readonly schema: unknown }).schema;
}
