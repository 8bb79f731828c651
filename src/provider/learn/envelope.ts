import { SOAP_NAMESPACES, type SoapEnvelope, type WireElement } from '../../domain/wire.ts';
import { trimXml, type XmlElement } from '../xml.ts';
import { type Declarations, usedPrefixes } from './attributes.ts';
import { type Learning, learnElement } from './elements.ts';
import type { Sample } from './samples.ts';

/** A sample without its envelope. */
export type Unwrapped = {
  readonly envelope?: XmlElement;
  readonly header?: XmlElement;
  readonly document?: XmlElement;
};

/** Finds the document in an envelope; a sample without one is the document itself. */
export function unwrap(root: XmlElement): Unwrapped {
  if (root.local !== 'Envelope' || versionOf(root) === undefined) return { document: root };
  const [header] = root.children.filter(({ local }) => local === 'Header');
  const [document] = root.children.find(({ local }) => local === 'Body')?.children ?? [];
  return { envelope: root, ...(header && { header }), ...(document && { document }) };
}

function versionOf({ uri }: XmlElement): SoapEnvelope['version'] | undefined {
  return (['1.1', '1.2'] as const).find((version) => SOAP_NAMESPACES[version] === uri);
}

/** Declarations of the envelope that the document uses. Our envelope has none but its own, so the document needs them. */
export function declarationsAround(root: XmlElement, document: XmlElement): Declarations {
  if (root === document) return {};
  const body = root.children.filter(({ local }) => local === 'Body');
  return declarationsOf([root, ...body], usedPrefixes([document]), root.uri);
}

function declarationsOf(elements: readonly XmlElement[], used: ReadonlySet<string>, envelope: string): Declarations {
  const declared = elements
    .flatMap(({ attributes }) => attributes)
    .filter(
      ({ name, value }) => name.startsWith('xmlns:') && used.has(name.slice('xmlns:'.length)) && value !== envelope,
    );
  return Object.fromEntries(declared.map(({ name, value }) => [name, value]));
}

/** Addressing that Microsoft's tools show in a header although it is not sent. */
const NOT_SENT = 'http://schemas.microsoft.com/ws/2005/05/addressing/none';
const ADDRESSING = /\/addressing$/;

/** The envelope: its version, its action, and the elements of its header. */
export function learnEnvelope(
  sample: Sample,
  { envelope, header }: Unwrapped,
  learning: Learning,
): SoapEnvelope | undefined {
  if (envelope === undefined) return undefined;
  const prefix = envelope.name.includes(':') ? envelope.name.split(':')[0] : undefined;
  const inHeader = header?.children.find(({ local }) => local === 'Action');
  const action = sample.soapAction ?? (inHeader && trimXml(inHeader.text));
  const elements = (header?.children ?? [])
    .filter(({ uri }) => uri !== NOT_SENT)
    .flatMap((element): WireElement[] => {
      const isAddress = ADDRESSING.test(element.uri) && /^(?:Action|To)$/.test(element.local);
      const learnt = learnElement(element, isAddress ? { ...learning, say: () => undefined } : learning);
      if (learnt === undefined) return [];
      const around = declarationsOf([envelope, ...(header ? [header] : [])], usedPrefixes([element]), envelope.uri);
      const attributes = { ...around, ...learnt.attributes };
      return [Object.keys(attributes).length === 0 ? learnt : { ...learnt, attributes }];
    });
  if (header?.children.some(({ uri }) => uri === NOT_SENT)) {
    learning.say(
      "The Action in the sample's header is how Microsoft's tools show the action of the operation. It is not sent, and is left out.",
    );
  }
  if (!action) {
    learning.say(
      "The sample does not show the action of the operation. Look for soapAction in the service's WSDL (its address with ?wsdl), and write it as action into soap.",
    );
  }
  return {
    version: versionOf(envelope) ?? '1.1',
    ...(action && { action }),
    ...(prefix !== undefined && prefix !== 's' && { prefix }),
    ...(elements.length > 0 && { header: elements }),
  };
}
