import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';

type BuildSerializer = ReturnType<typeof SerializerSelector>;

/**
 * Serialises answers by their response schemas, so that a field that is in no schema cannot leave. A schema is compiled
 * when the first answer needs it, and once for all routes and statuses that share it: compiling every one of the routes'
 * fifty would add a tenth to the time of each start.
 */
export function createSerializers(): BuildSerializer {
  const build = SerializerSelector();
  return (externalSchemas, options) => {
    const compile = build(externalSchemas, options);
    const compiled = new Map<string, ReturnType<typeof compile>>();
    return (route) => {
      let serialize: ReturnType<typeof compile> | undefined;
      return (body) => {
        if (!serialize) {
          const key = JSON.stringify(route.schema);
          serialize = compiled.get(key) ?? compile(route);
          compiled.set(key, serialize);
        }
        return serialize(body);
      };
    };
  };
}
