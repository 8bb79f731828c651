/** A value as it is, and which of its properties nobody has read yet, as JSON pointers. */
export type Observed = { readonly proxy: unknown; unread(): string[] };

/** Observes a value of JSON at every depth. What lies below a property that was not read is not listed by itself. */
export function observed(value: unknown): Observed {
  if (typeof value !== 'object' || value === null) return { proxy: value, unread: () => [] };
  const children = new Map<PropertyKey, Observed>();
  const proxy = new Proxy(value, {
    get(target, key) {
      if (!Object.hasOwn(target, key)) return Reflect.get(target, key);
      const child = children.get(key) ?? observed(Reflect.get(target, key));
      children.set(key, child);
      return child.proxy;
    },
  });
  return {
    proxy,
    unread: () =>
      Object.keys(value).flatMap((key) => {
        const child = children.get(key);
        return child === undefined ? [`/${key}`] : child.unread().map((path) => `/${key}${path}`);
      }),
  };
}
