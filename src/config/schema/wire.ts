import type { XStatic } from 'typebox/schema';
import { ABSENT, LEAD_VALUES } from '../../domain/wire.ts';
import * as value from './values.ts';

/**
 * The `wire` of an account or of all accounts (docs/wire.md): everything that the provider's reference leaves unstated of the
 * document that is sent.
 */

const XML_NAME = '(?:[A-Za-z_][A-Za-z0-9_.-]{0,63}:)?[A-Za-z_][A-Za-z0-9_.-]{0,127}';
const NAME_RULE = 'use the name as it is written in the document, such as ProviderId or a:ProviderId';

/** Far more than documents of such services have; they bound what compiling a profile costs. */
const MAX_ELEMENTS = 100;
const MAX_ATTRIBUTES = 30;
const MAX_WRAPPERS = 8;

const qualifiedName = (description: string, example: string) =>
  ({ type: 'string', pattern: `^${XML_NAME}$`, description, errorMessage: NAME_RULE, examples: [example] }) as const;

const AttributeValue = {
  type: 'string',
  maxLength: 1024,
  format: 'xml-line',
  description: 'Its constant value.',
  errorMessage: 'use a text of at most 1024 characters',
  examples: ['urn:example'],
} as const;

const Attributes = {
  type: 'object',
  patternProperties: { [`^${XML_NAME}$`]: AttributeValue },
  additionalProperties: AttributeValue,
  propertyNames: { pattern: `^${XML_NAME}$` },
  nameMessage: 'use the name of an attribute as it is written, such as i:type or xmlns:i',
  maxProperties: MAX_ATTRIBUTES,
  description: 'Constant attributes by name, declarations of namespaces (xmlns, xmlns:a) among them.',
  errorMessage: `use an object of at most ${MAX_ATTRIBUTES} texts by name`,
  examples: [{ 'xmlns:i': 'http://www.w3.org/2001/XMLSchema-instance' }],
} as const;

const AbsentRule = value.choice(ABSENT, {
  description: 'How an element is written whose value is absent: not at all, with i:nil="true", or empty.',
  default: 'omit',
  examples: ['nil'],
});

const Text = {
  type: 'string',
  maxLength: 4096,
  format: 'xml-line',
  description: 'A constant text.',
  errorMessage: 'use a text of at most 4096 characters on one line',
  examples: ['WEB'],
} as const;

const elementProperties = {
  name: qualifiedName('Name of the element, with its prefix.', 'a:ProviderId'),
  value: value.choice(LEAD_VALUES, {
    description: 'The value that it holds. Left out: that of its name, where the provider’s reference has one.',
    examples: ['ConsumerPhoneNumber'],
  }),
  text: Text,
  attributes: Attributes,
  absent: AbsentRule,
} as const;

const elementRule =
  'use a name such as "ProviderId", or an object such as { "name": "Phone", "value": "ConsumerPhoneNumber" }';

const Shorthand = { type: 'string', pattern: `^${XML_NAME}$`, errorMessage: NAME_RULE } as const;

const list = <const Item extends object>(item: Item) =>
  ({
    type: 'array',
    items: item,
    minItems: 1,
    maxItems: MAX_ELEMENTS,
    description: 'Elements in their order: those with a value, and constant ones.',
    errorMessage: `use a list of 1 to ${MAX_ELEMENTS} elements`,
    examples: [['ProviderId', { name: 'Channel', text: 'WEB' }]],
  }) as const;

/** An element whose children have this schema. JSON Schema could recurse; the depth is bounded so that a profile is. */
const around = <const Children extends object>(children: Children) =>
  ({
    anyOf: [
      Shorthand,
      {
        type: 'object',
        required: ['name'],
        properties: { ...elementProperties, elements: list(children) },
        additionalProperties: false,
        errorMessage: elementRule,
      },
    ],
    errorMessage: elementRule,
  }) as const;

const Leaf = {
  anyOf: [
    Shorthand,
    {
      type: 'object',
      required: ['name'],
      properties: elementProperties,
      additionalProperties: false,
      errorMessage: elementRule,
    },
  ],
  errorMessage: elementRule,
} as const;

const Elements = list(around(around(Leaf)));

const Wrappers = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name'],
    properties: { name: elementProperties.name, attributes: Attributes },
    additionalProperties: false,
    errorMessage: 'use an object such as { "name": "Initiate", "attributes": { "xmlns": "http://tempuri.org/" } }',
  },
  minItems: 1,
  maxItems: MAX_WRAPPERS,
  description: 'Elements around the root, the outermost first, such as that of an operation.',
  errorMessage: `use a list of 1 to ${MAX_WRAPPERS} objects with a name`,
  examples: [[{ name: 'Initiate', attributes: { xmlns: 'http://tempuri.org/' } }]],
} as const;

const Soap = {
  type: 'object',
  required: ['version'],
  properties: {
    version: value.choice(['1.1', '1.2'], { description: 'Version of the envelope.', examples: ['1.1'] }),
    action: {
      type: 'string',
      pattern: '^[!#-\\[\\]-~]{1,1024}$',
      description: 'Action of the operation: the SOAPAction header of 1.1, the action of the content type of 1.2.',
      errorMessage: 'use a URI without quotes, as soapAction stands in the WSDL',
      examples: ['http://tempuri.org/ITextService/Initiate'],
    },
    prefix: {
      type: 'string',
      pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,63}$',
      description: "Prefix of the envelope's own elements.",
      default: 's',
      errorMessage: 'use a prefix such as s or soap',
      examples: ['soap'],
    },
    header: { ...Elements, description: "Elements of the envelope's header, such as those of WS-Addressing." },
  },
  additionalProperties: false,
  description: 'Sends the document in a SOAP envelope.',
  errorMessage: 'use an object such as { "version": "1.1", "action": "http://tempuri.org/ITextService/Initiate" }',
  examples: [{ version: '1.1', action: 'http://tempuri.org/ITextService/Initiate' }],
} as const;

const mark = (description: string, example: string) =>
  ({
    type: 'string',
    minLength: 1,
    maxLength: 8,
    description,
    errorMessage: 'use 1 to 8 characters',
    examples: [example],
  }) as const;

const formatRule =
  'use text, json or urlencoded; or marks such as { "assign": "=", "separator": "|" }; or XML such as { "xml": "elements" }';

const part = (description: string, example: string) =>
  ({
    type: 'string',
    pattern: `^@?${XML_NAME}$`,
    description,
    errorMessage: 'use a name such as Key, or @key for an attribute',
    examples: [example],
  }) as const;

const Listing = {
  anyOf: [
    { enum: ['text', 'json', 'urlencoded'] },
    {
      type: 'object',
      required: ['assign', 'separator'],
      properties: {
        assign: mark('What stands between a name and its value.', '='),
        separator: mark('What stands between two pairs.', '|'),
      },
      additionalProperties: false,
      errorMessage: formatRule,
    },
    {
      type: 'object',
      required: ['xml'],
      properties: {
        xml: value.choice(['elements', 'escaped'], {
          description: 'Whether the pairs are children of ListingDetails, or XML in its text.',
          examples: ['elements'],
        }),
        root: qualifiedName('An element around all pairs.', 'Vehicle'),
        prefix: { ...Soap.properties.prefix, description: 'Prefix of elements that have the names of the listing.' },
        item: qualifiedName('Element of one pair. Left out: each pair is an element that has its name.', 'b:Item'),
        key: part('Where the name of a pair stands within its item: in a child element, or in an attribute.', '@name'),
        value: part('Where its value stands. Left out: the item holds it.', 'b:Value'),
      },
      additionalProperties: false,
      errorMessage: formatRule,
    },
  ],
  description: 'How names and values of a listing are written into ListingDetails.',
  default: 'text',
  errorMessage: formatRule,
  examples: ['json', { assign: '=', separator: '|' }, { xml: 'elements', root: 'Vehicle' }],
} as const;

export const WireEntry = {
  type: 'object',
  properties: {
    root: {
      ...qualifiedName('Name of the root element, with its prefix.', 'a:Request'),
      default: value.XmlRoot.default,
    },
    namespace: { ...value.XmlNamespace, description: "Namespace of the root's prefix, or the default namespace." },
    order: value.XmlOrder,
    elements: { ...Elements, description: 'Children of the root in their order, where order does not describe them.' },
    attributes: { ...Attributes, description: 'Constant attributes of the root.' },
    absent: AbsentRule,
    wrappers: Wrappers,
    soap: Soap,
    contentType: value.ContentType,
    listingFormat: Listing,
  },
  additionalProperties: false,
  description:
    'How documents are written, complete: what is left out has its default, whatever UPSTREAM_XML_*, UPSTREAM_CONTENT_TYPE and LISTING_DETAILS_FORMAT say. npm run -s gateway -- wire learn prints it for a sample document.',
  errorMessage: 'use an object such as { "root": "a:Request", "namespace": "urn:example", "order": "alphabetical" }',
  examples: [{ root: 'a:Request', namespace: 'urn:example', order: 'alphabetical', absent: 'nil' }],
} as const;

export type WireContent = XStatic<typeof WireEntry>;
