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
  'theme',
  'fieldFirstName',
  'fieldLastName',
  'fieldQuestion',
  'fieldConsent',
] satisfies (keyof TextUsProperties)[];

/** `firstName` as `first-name`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Attributes whose change an element has to hear of. The others are read when they are needed. */
export const ATTRIBUTES: readonly string[] = [...NAMES.map(kebab), 'lang', 'listing', 'texts'];

/**
 * What is given by a property, or where that is undefined by an attribute. Text that is a JSON object counts as that object,
 * also as a property: frameworks set the same value now as the one and now as the other.
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

/** Properties that were set before the script came stand in the way of the class's own: they are set again through it. */
export function upgradeProperties(element: HTMLElement): void {
  for (const [name, value] of Object.entries(element)) {
    if (!(name in Object.getPrototypeOf(element))) continue;
    Reflect.deleteProperty(element, name);
    Object.assign(element, { [name]: value });
  }
}
