import {
  type Attributes,
  elementsOf,
  LEAD_VALUES,
  type LeadValue,
  rootAttributes,
  type SoapEnvelope,
  splitName,
  type WireElement,
  type WireProfile,
} from './wire.ts';

/** A mistake in a profile: the JSON pointer of its part, what is wrong, and how to correct it. */
export type WireMistake = { readonly pointer: string; readonly problem: string; readonly fix: string };

/** The provider's reference requires these of every request, and one of the two targets. */
const REQUIRED: readonly LeadValue[] = [
  'ProviderId',
  'UserName',
  'Password',
  'ConsumerPhoneNumber',
  'ConsumerPhoneNumberCountryCode',
];
const TARGETS: readonly LeadValue[] = ['MerchantId', 'AdvertiserId'];

const MEDIA_TYPES: Readonly<Record<SoapEnvelope['version'], string>> = {
  '1.1': 'text/xml',
  '1.2': 'application/soap+xml',
};

/** The prefixes that are declared at a place. */
type Scope = ReadonlySet<string>;

/**
 * Finds what makes a profile unusable although each of its parts has the right form: names whose prefix nothing declares, elements
 * that hold nothing or two things, values that are missing or written twice, and a content type that does not fit the envelope.
 */
export function findWireMistakes(profile: WireProfile): WireMistake[] {
  const { soap, wrappers = [], namespace, attributes = {}, root } = profile;
  const mistakes: WireMistake[] = [];
  const values: { readonly value: LeadValue; readonly pointer: string }[] = [];
  const add = (pointer: string, problem: string, fix: string): void => {
    mistakes.push({ pointer, problem, fix });
  };
  const checkName = (name: string, pointer: string, scope: Scope): void => {
    const { prefix } = splitName(name);
    if (prefix === '' || prefix === 'xml' || scope.has(prefix)) return;
    const fix = `declare it on this element or one around it, such as "attributes": { "xmlns:${prefix}": "urn:example" }`;
    add(pointer, `has the prefix ${prefix}, which nothing declares`, fix);
  };
  const enter = (own: Attributes, pointer: string, scope: Scope): Scope => {
    const declared = Object.keys(own).filter((name) => name.startsWith('xmlns:'));
    const inner = new Set([...scope, ...declared.map((name) => name.slice('xmlns:'.length))]);
    for (const [name, value] of Object.entries(own)) {
      if (name === 'xmlns') continue;
      if (!name.startsWith('xmlns:')) checkName(name, `${pointer}/${name}`, inner);
      else if (value === '')
        add(`${pointer}/${name}`, 'declares a prefix for no namespace', 'use the URI of a namespace');
    }
    return inner;
  };
  const checkElement = (element: WireElement, pointer: string, scope: Scope): void => {
    const inner = enter(element.attributes ?? {}, `${pointer}/attributes`, scope);
    // Elements that the order arranges have the prefix of the root, which is checked itself.
    if (profile.elements || pointer.startsWith('/soap')) checkName(element.name, `${pointer}/name`, inner);
    checkContent(element, pointer, add);
    if (element.value !== undefined) values.push({ value: element.value, pointer });
    if (element.value === 'ListingDetails') checkListing(profile, inner, checkName);
    for (const [at, child] of (element.elements ?? []).entries()) {
      checkElement(child, `${pointer}/elements/${at}`, inner);
    }
  };

  let scope: Scope = new Set(soap ? [soap.prefix ?? 's'] : []);
  for (const [at, element] of (soap?.header ?? []).entries()) checkElement(element, `/soap/header/${at}`, scope);
  for (const [at, { name, attributes: own = {} }] of wrappers.entries()) {
    scope = enter(own, `/wrappers/${at}/attributes`, scope);
    checkName(name, `/wrappers/${at}/name`, scope);
  }
  const declaration = Object.keys(rootAttributes({ ...profile, attributes: {} }))[0];
  if (namespace !== undefined && declaration !== undefined && attributes[declaration] !== undefined) {
    add(`/attributes/${declaration}`, 'is declared by namespace already', 'keep one of the two');
  }
  scope = enter(rootAttributes(profile), '/attributes', scope);
  checkName(root, '/root', scope);
  for (const [at, element] of elementsOf(profile).entries()) checkElement(element, `/elements/${at}`, scope);
  checkValues(values, add);
  checkContentType(profile, add);
  return mistakes;
}

type Add = (pointer: string, problem: string, fix: string) => void;

function checkContent({ value, text, elements, absent }: WireElement, pointer: string, add: Add): void {
  const held = [value, text, elements].filter((content) => content !== undefined).length;
  if (held === 0) {
    const names = LEAD_VALUES.join(', ');
    add(pointer, 'holds nothing', `add "value" with one of ${names}; or "text" with a constant; or "elements"`);
  }
  if (held > 1) add(pointer, 'holds more than one of value, text and elements', 'keep one of them');
  if (absent !== undefined && value === undefined) {
    add(`${pointer}/absent`, 'has no effect, because only an element with a value can be absent', 'remove it');
  }
}

function checkListing(
  { listingFormat: format }: WireProfile,
  scope: Scope,
  checkName: (name: string, pointer: string, scope: Scope) => void,
): void {
  if (typeof format === 'string' || !('xml' in format) || format.xml !== 'elements') return;
  for (const key of ['root', 'item', 'key', 'value'] as const) {
    checkName((format[key] ?? '').replace(/^@/, ''), `/listingFormat/${key}`, scope);
  }
  if (format.prefix !== undefined) checkName(`${format.prefix}:x`, '/listingFormat/prefix', scope);
}

function checkValues(values: readonly { readonly value: LeadValue; readonly pointer: string }[], add: Add): void {
  const seen = new Set<LeadValue>();
  for (const { value, pointer } of values) {
    if (seen.has(value)) add(pointer, `holds ${value}, which another element holds already`, 'keep one of the two');
    seen.add(value);
  }
  for (const value of REQUIRED.filter((required) => !seen.has(required))) {
    add('/elements', `has no element with the value ${value}, which the provider requires`, `add "${value}"`);
  }
  if (!TARGETS.some((target) => seen.has(target))) {
    add('/elements', 'has no element for the merchant', `add ${TARGETS.map((value) => `"${value}"`).join(' or ')}`);
  }
}

function checkContentType({ contentType, soap }: WireProfile, add: Add): void {
  if (soap === undefined) return;
  const needed = MEDIA_TYPES[soap.version];
  if (contentType.split(';')[0]?.trim().toLowerCase() === needed) return;
  add('/contentType', `is not that of SOAP ${soap.version}`, `use ${needed}; charset=utf-8, or leave it out`);
}
