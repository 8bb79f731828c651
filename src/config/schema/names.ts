/** A key of the three maps, and every reference to one. Never `__proto__`. */
export const NAME = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$';
export const NAME_RULE = 'use 1 to 64 letters, digits, - and _, beginning with a letter or digit';

/**
 * A map by such keys. Under an unusable key its value is held to the schema all the same, so that every mistake comes at
 * once.
 */
export const named = <const Entry extends object>(entry: Entry) =>
  ({
    type: 'object',
    patternProperties: { [NAME]: entry },
    additionalProperties: entry,
    propertyNames: { pattern: NAME },
    nameMessage: NAME_RULE,
  }) as const;

/** A reference to an entry of one of the three maps. */
export const name = (description: string, options: { default?: string; examples: string[] }) =>
  ({ type: 'string', description, pattern: NAME, errorMessage: NAME_RULE, ...options }) as const;

export const Everything = { type: 'string', const: '*', description: 'All of them.' } as const;
