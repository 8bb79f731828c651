type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out fields that are undefined, so that an absent field looks the same in memory, in storage and in comparisons. */
export function defined<T extends object>(fields: T): Defined<T> {
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(fields) as (keyof T & string)[])
    if (fields[name] !== undefined) kept[name] = fields[name];
  return kept as Defined<T>;
}

/**
 * Memoizes a value that is computed from a part of the settings until that part is replaced. Settings are immutable, so
 * identity is enough to detect a replacement.
 */
export function derived<Source, Value>(source: () => Source, make: (source: Source) => Value): () => Value {
  let made: { readonly from: Source; readonly value: Value } | undefined;
  return () => {
    const from = source();
    if (made?.from !== from) made = { from, value: make(from) };
    return made.value;
  };
}
