import { kebab } from './dom.ts';
import type { TextUsProperties } from './types.ts';

const FLAGS: readonly string[] = ['keepOffline', 'worker'] satisfies (keyof TextUsProperties)[];
const NAMES: readonly string[] = [
  'site',
  'advertiserId',
  'merchantId',
  'placementId',
  'country',
  'base',
  'position',
  'shape',
  'theme',
  'fieldName',
  'fieldFirstName',
  'fieldLastName',
  'fieldQuestion',
  'fieldConsent',
] satisfies (keyof TextUsProperties)[];

/** Attributes that an element observes. The others are read when they are needed. */
export const ATTRIBUTES: readonly string[] = [...NAMES.map(kebab), 'lang', 'listing', 'texts'];

/**
 * Reads the value of a property or, if that is undefined, of the attribute. Text of a JSON object is parsed in both cases,
 * because frameworks set the same value either as a property or as an attribute.
 */
export function given<T extends object>(
  property: T | string | null | undefined,
  attribute: string | null,
): T | string | null {
  const value = property === undefined ? attribute : property;
  try {
    const parsed = JSON.parse(String(value));
    return Object(parsed) === parsed ? parsed : value;
  } catch {
    return value;
  }
}

/** Gives a class a property for each attribute: `advertiserId` for `advertiser-id`. Flags are booleans, the rest strings. */
export function reflectAttributes(prototype: HTMLElement): void {
  for (const name of [...NAMES, ...FLAGS]) {
    const attribute = kebab(name);
    const flag = FLAGS.includes(name);
    Object.defineProperty(prototype, name, {
      get(this: Element) {
        return flag ? this.hasAttribute(attribute) : (this.getAttribute(attribute) ?? undefined);
      },
      set(this: Element, value: unknown) {
        if (value === undefined || value === null || value === false) this.removeAttribute(attribute);
        else this.setAttribute(attribute, flag ? '' : String(value));
      },
    });
  }
}

/** Properties that were set before the class was defined shadow its accessors, so they are deleted and set again. */
export function upgradeProperties(element: HTMLElement): void {
  for (const [name, value] of Object.entries(element)) {
    if (!(name in Object.getPrototypeOf(element))) continue;
    Reflect.deleteProperty(element, name);
    Object.assign(element, { [name]: value });
  }
}
