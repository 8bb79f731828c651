import { CONTENT_TYPES, isLeadValue, splitName, type WireElement, type WireProfile } from '../../domain/wire.ts';

/** A profile as the variables of the environment describe it; `undefined` for one that they cannot describe. */
export function variablesOf(profile: WireProfile): Readonly<Record<string, string>> | undefined {
  const { root, namespace, order, contentType, listingFormat, ...others } = profile;
  const isSimple = Object.values(others).every((part) => part === undefined) && splitName(root).prefix === '';
  if (!isSimple || typeof listingFormat !== 'string') return undefined;
  return {
    UPSTREAM_XML_ROOT: root,
    ...(namespace !== undefined && { UPSTREAM_XML_NAMESPACE: namespace }),
    UPSTREAM_XML_ORDER: order,
    UPSTREAM_CONTENT_TYPE: contentType,
    LISTING_DETAILS_FORMAT: listingFormat,
  };
}

/** A profile as the `wire` of the configuration file, without what has its default there. */
export function wireContentOf(profile: WireProfile): Record<string, unknown> {
  const { order, contentType, listingFormat, elements, soap, ...others } = profile;
  const header = soap?.header?.map(elementContent);
  return {
    ...(soap && { soap: { ...soap, ...(header && { header }) } }),
    ...others,
    ...(elements ? { elements: elements.map(elementContent) } : order !== 'documented' && { order }),
    ...(contentType !== CONTENT_TYPES[soap?.version ?? 'none'] && { contentType }),
    ...(listingFormat !== 'text' && { listingFormat }),
  };
}

/** The shortest form of an element: its name, where that says all. */
function elementContent(element: WireElement): unknown {
  const { name, value, elements, ...others } = element;
  const { local } = splitName(name);
  const isOwn = value !== undefined && isLeadValue(local) && local === value;
  if (isOwn && Object.values(others).every((part) => part === undefined)) return name;
  return {
    name,
    ...(value !== undefined && !isOwn && { value }),
    ...others,
    ...(elements && { elements: elements.map(elementContent) }),
  };
}
