import { type TSchema, Type } from './type.ts';

/** A key of the three maps, and every reference to one. Never `__proto__`. */
export const NAME = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$';
export const NAME_RULE = 'use 1 to 64 letters, digits, - and _, beginning with a letter or digit';

/** Unknown names are refused, so that a misspelt one is no silent default. */
export const closed = { additionalProperties: false } as const;

/** For a map by such keys: under an unusable one its value is held to the schema all the same, so that every mistake comes at once. */
export const named = (entry: TSchema) => ({
  additionalProperties: entry,
  propertyNames: { pattern: NAME },
  nameMessage: NAME_RULE,
});

/** A reference to an entry of one of the three maps. */
export const name = (description: string, options: { default?: string; examples: string[] }) =>
  Type.String({ description, pattern: NAME, errorMessage: NAME_RULE, ...options });

export const Everything = Type.Literal('*', { description: 'All of them.' });
