import {
  LEAD_VALUES,
  type LeadValue,
  ORDERS,
  type Order,
  splitName,
  VALUES_IN_ORDER,
  type WireElement,
} from '../../domain/wire.ts';

import type { XmlElement } from '../xml.ts';

type Context = {
  /** Values that the envelope's header holds. */
  readonly elsewhere: ReadonlySet<LeadValue>;
  /** Whether the sample was generated: then it names all elements of the service. */
  readonly isTemplate: boolean;
  readonly say: (note: string) => void;
};

type Children = { readonly order?: Order; readonly elements?: readonly WireElement[] };

/**
 * The children of the root as the profile writes them: an order where they are nothing but the twelve values under their own
 * names, else a list. A sample of one request leaves out what its lead does not have, at least one of the two targets, so the values
 * that it lacks are added where the order puts them.
 */
export function completeElements(root: XmlElement, children: readonly WireElement[], context: Context): Children {
  const { prefix } = splitName(root.name);
  const names = children.map(({ name }) => splitName(name).local);
  const isPlain = children.every((child) => isOwnName(child, prefix) && !child.attributes && !child.absent);
  const missing = LEAD_VALUES.filter((value) => !holds(children, value) && !context.elsewhere.has(value));
  if (context.isTemplate && (missing.length > 0 || !isPlain)) return { elements: children };
  const isFlat = children.every((child) => child.elements === undefined && hasOwnName(child));
  const order = isFlat ? orderOf(names, root.uri, context) : undefined;
  if (isPlain && order !== undefined && context.elsewhere.size === 0) return { order };
  return { elements: withTarget(order === undefined ? children : withMissing(children, missing, order)) };
}

/** Whether an element has the name of the reference for its value; a constant may have any. */
function hasOwnName({ name, value }: WireElement): boolean {
  return value === undefined || splitName(name).local === value;
}

function isOwnName({ name, value }: WireElement, prefix: string): boolean {
  return value !== undefined && name === (prefix === '' ? value : `${prefix}:${value}`);
}

function holds(elements: readonly WireElement[], value: LeadValue): boolean {
  return valuesOf(elements).has(value);
}

/** The values that elements hold, at any depth. */
export function valuesOf(elements: readonly WireElement[]): ReadonlySet<LeadValue> {
  return new Set(
    elements.flatMap(({ value, elements: children = [] }) => [...(value ? [value] : []), ...valuesOf(children)]),
  );
}

/** The order that the names follow. Where both fit, a namespace of WCF's data contracts speaks for the alphabetical one. */
function orderOf(names: readonly string[], namespace: string, { say }: Context): Order | undefined {
  const values = names.filter((name): name is LeadValue => (LEAD_VALUES as readonly string[]).includes(name));
  const fitting = ORDERS.filter((order) => {
    const places = values.map((value) => VALUES_IN_ORDER[order].indexOf(value));
    return places.every((place, at) => at === 0 || place > (places[at - 1] ?? -1));
  });
  if (fitting.length < 2) return fitting[0];
  const isContract = namespace.startsWith('http://schemas.datacontract.org/');
  say(`The sample has too few elements to tell their order; ${isContract ? 'alphabetical' : 'documented'} is taken.`);
  return isContract ? 'alphabetical' : 'documented';
}

/** Adds elements for missing values, with the prefix of the present ones. */
function withMissing(
  children: readonly WireElement[],
  missing: readonly LeadValue[],
  order: Order,
): readonly WireElement[] {
  const model = children.find(({ value }) => value !== undefined);
  if (model === undefined) return children;
  return missing.reduce((all, value) => insert(all, elementLike(model, value), order), children);
}

function elementLike({ name }: WireElement, value: LeadValue): WireElement {
  const { prefix } = splitName(name);
  return { name: prefix === '' ? value : `${prefix}:${value}`, value };
}

/** Inserts before the first value that comes later in the order, or after the last value. */
function insert(all: readonly WireElement[], element: WireElement, order: Order): readonly WireElement[] {
  const place = (value: LeadValue | undefined) => (value === undefined ? -1 : VALUES_IN_ORDER[order].indexOf(value));
  const later = all.findIndex(({ value }) => place(value) > place(element.value));
  const last = all.findLastIndex(({ value }) => value !== undefined);
  const at = later === -1 ? last + 1 : later;
  return [...all.slice(0, at), element, ...all.slice(at)];
}

const OTHER_TARGET: Partial<Record<LeadValue, LeadValue>> = { MerchantId: 'AdvertiserId', AdvertiserId: 'MerchantId' };

/** Adds the target that the lead of the sample does not have beside the one that it has, if that has its own name. */
function withTarget(children: readonly WireElement[]): readonly WireElement[] {
  const add = (elements: readonly WireElement[]): readonly WireElement[] =>
    elements.flatMap((element): WireElement[] => {
      if (element.elements) return [{ ...element, elements: add(element.elements) }];
      const other = element.value && OTHER_TARGET[element.value];
      if (other === undefined || holds(children, other) || splitName(element.name).local !== element.value)
        return [element];
      const added = elementLike(element, other);
      return other === 'MerchantId' ? [added, element] : [element, added];
    });
  return add(children);
}
