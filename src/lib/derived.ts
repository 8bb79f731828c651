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
