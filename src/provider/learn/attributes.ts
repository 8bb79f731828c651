import { splitName } from '../../domain/wire.ts';
import type { XmlElement } from '../xml.ts';

/** Declarations of namespaces by their attribute names. */
export type Declarations = Readonly<Record<string, string>>;

/** The prefixes that names, and values that look like names (`i:type="a:Request"`), use in these elements. */
export function usedPrefixes(elements: readonly XmlElement[]): ReadonlySet<string> {
  const used = new Set<string>();
  const visit = ({ name, attributes, children }: XmlElement): void => {
    for (const one of attributes) {
      if (one.name.startsWith('xmlns')) continue;
      used.add(splitName(one.name).prefix);
      const typed = /^([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*$/.exec(one.value)?.[1];
      if (typed !== undefined) used.add(typed);
    }
    used.add(splitName(name).prefix);
    children.forEach(visit);
  };
  elements.forEach(visit);
  return used;
}

/** The attributes of an element without declarations that nothing uses. Gives `undefined` where none is left. */
export function keptAttributes(
  { attributes }: XmlElement,
  used: ReadonlySet<string>,
  outer: Declarations = {},
): Record<string, string> | undefined {
  const own = attributes.filter(({ name }) => !name.startsWith('xmlns:') || used.has(name.slice('xmlns:'.length)));
  const kept = { ...outer, ...Object.fromEntries(own.map(({ name, value }) => [name, value])) };
  return Object.keys(kept).length === 0 ? undefined : kept;
}
