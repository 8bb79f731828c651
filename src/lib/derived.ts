/**
 * What is made of a part of the settings, made anew only when that part was replaced. Settings are replaced whole and never
 * changed, so that identity tells.
 */
export function derived<Source, Value>(source: () => Source, make: (source: Source) => Value): () => Value {
  let made: { readonly from: Source; readonly value: Value } | undefined;
  return () => {
    const from = source();
    if (made?.from !== from) made = { from, value: make(from) };
    return made.value;
  };
}
