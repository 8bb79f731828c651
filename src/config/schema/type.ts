import type { TSchema, Type as TypeBox } from 'typebox';

export type { Static, TSchema } from 'typebox';

const optional = new WeakSet<object>();

/** The same, word for word, as TypeBox makes of these arguments, without the marks that only its own validators read. */
const builders = {
  Array: (items: TSchema, options?: object) => ({ type: 'array', items, ...options }),
  Boolean: (options?: object) => ({ type: 'boolean', ...options }),
  Enum: (values: readonly string[], options?: object) => ({ enum: values, ...options }),
  Integer: (options?: object) => ({ type: 'integer', ...options }),
  Literal: (value: string, options?: object) => ({ type: 'string', const: value, ...options }),
  Object(properties: Record<string, TSchema>, options?: object) {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name] ?? {}));
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options };
  },
  Optional(schema: TSchema) {
    const marked = { ...schema };
    optional.add(marked);
    return marked;
  },
  Record: ({ pattern }: { pattern: string }, value: TSchema, options?: object) => ({
    type: 'object',
    patternProperties: { [pattern]: value },
    ...options,
  }),
  String: (options?: object) => ({ type: 'string', ...options }),
  Union: (anyOf: readonly TSchema[], options?: object) => ({ anyOf, ...options }),
};

/**
 * Builds JSON Schemas whose types TypeBox infers (`Static`). Its own builders load 300 modules, an eighth of a second at
 * every start, to make these plain objects; we take their types alone, and a test holds the objects to theirs.
 */
export const Type = builders as unknown as Pick<typeof TypeBox, keyof typeof builders>;
