import {
  CONTENT_TYPES,
  DEFAULT_WIRE,
  isLeadValue,
  splitName,
  type WireElement,
  type WireProfile,
} from '../domain/wire.ts';
import { findWireMistakes } from '../domain/wire-rules.ts';
import { escapePointer, pointerTokens } from '../lib/text.ts';
import { defined } from '../lib/values.ts';
import type { Environment } from './environment.ts';
import type { Findings } from './findings.ts';
import type { FileContent, ProviderContent } from './schema/file.ts';
import { compile } from './schema/validate.ts';
import { type WireContent, WireEntry } from './schema/wire.ts';

/** Builds the profile that a valid `wire` describes; what it leaves out has its default. */
export function buildWire(content: WireContent): WireProfile {
  const { elements, soap, ...others } = content;
  const header = soap?.header?.map(toElement);
  return {
    ...DEFAULT_WIRE,
    contentType: CONTENT_TYPES[soap?.version ?? 'none'],
    ...(others as Partial<WireProfile>),
    ...(elements && { elements: elements.map(toElement) }),
    ...(soap && { soap: { ...soap, ...defined({ header }) } as NonNullable<WireProfile['soap']> }),
  };
}

/** An element as the file writes it, at any depth. */
type ElementContent = string | (Omit<WireElement, 'elements'> & { readonly elements?: readonly ElementContent[] });

/** An element that says nothing of its content holds the value of its name, where there is one. */
function toElement(content: unknown): WireElement {
  const { elements, ...element } =
    typeof content === 'string' ? { name: content } : (content as Exclude<ElementContent, string>);
  const children = elements?.map(toElement);
  const { local } = splitName(element.name);
  const isSilent = element.value === undefined && element.text === undefined && children === undefined;
  return { ...element, ...(isSilent && isLeadValue(local) && { value: local }), ...defined({ elements: children }) };
}

/** Whether a `wire` has the form of the schema: `findings` knows of mistakes at a place, but not of those inside it. */
const validate = compile(WireEntry);

/** Checks what the schema cannot in `${at}/wire`. */
export function checkWire(at: string, content: WireContent | undefined, findings: Findings): void {
  const place = `${at}/wire`;
  if (content === undefined || !findings.sound(place) || validate(content).length > 0) return;
  if (content.order !== undefined && content.elements !== undefined) {
    findings.add(`${place}/order`, { problem: 'has no effect beside elements', fix: 'keep one of the two' });
  }
  for (const { pointer, problem, fix } of findWireMistakes(buildWire(content))) {
    findings.add(existing(place, pointer, content), { problem, fix });
  }
}

/** The pointer of a part, or of the part around it where the file does not hold it, as an element that is only a name. */
function existing(place: string, pointer: string, content: unknown): string {
  let found = place;
  let value: unknown = content;
  for (const token of pointerTokens(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) break;
    value = (value as Readonly<Record<string, unknown>>)[token];
    found += `/${escapePointer(token)}`;
  }
  return found;
}

/** Reports an account that describes its documents twice. */
export function checkOneProfile(at: string, { wire, xml, listingFormat }: ProviderContent, findings: Findings): void {
  if (wire === undefined) return;
  for (const [name, other] of Object.entries({ xml, listingFormat })) {
    if (other === undefined) continue;
    findings.add(`${at}/${name}`, {
      problem: 'has no effect beside wire, which is complete',
      fix: 'move it into wire',
    });
  }
}

/** The variables that `wire` at the top of the file replaces. */
const VARIABLES = [
  'UPSTREAM_XML_ROOT',
  'UPSTREAM_XML_NAMESPACE',
  'UPSTREAM_XML_ORDER',
  'UPSTREAM_CONTENT_TYPE',
  'LISTING_DETAILS_FORMAT',
] as const;

/** Reports a profile of all accounts that both the file and the environment describe. */
export function checkWireVariables({ given }: Environment, { wire }: FileContent, findings: Findings): void {
  const variables = VARIABLES.filter(given);
  if (wire === undefined || variables.length === 0) return;
  findings.add('/wire', {
    problem: `is described by ${variables.join(', ')} already`,
    fix: 'unset those, or remove wire',
  });
}
