/**
 * Serialises plain data. `JSON.stringify` alone would call the `toJSON` that old libraries (Prototype.js) add to arrays and objects;
 * of primitive values it never does.
 */
export function toJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item ?? null)).join()}]`;
  if (Object(value) !== value) return JSON.stringify(value);
  const members = Object.entries(value as object).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${toJson(member)}`).join()}}`;
}
