import { Parser } from 'xml2js';
import type { Credentials, Rules } from './rules.ts';

/** The twelve members of a request, in the order in which the provider's reference lists them. */
const DOCUMENTED = [
  'ProviderId',
  'UserName',
  'Password',
  'MerchantId',
  'AdvertiserId',
  'PlacementId',
  'ListingDetails',
  'ConsumerPhoneNumber',
  'ConsumerPhoneNumberCountryCode',
  'ConsumerFirstName',
  'ConsumerLastName',
  'ConsumerQuestion',
] as const;

export type Member = (typeof DOCUMENTED)[number];

/** A request's members as text. A member that is absent, nil or ignored has no entry. */
export type Fields = { readonly [member in Member]?: string };

/** The position of each member in each order. `alphabetical` is ordinal by name, as DataContractSerializer sorts. */
export const POSITIONS: { readonly [order in 'documented' | 'alphabetical']: ReadonlyMap<string, number> } = {
  documented: new Map(DOCUMENTED.map((name, index) => [name, index])),
  alphabetical: new Map([...DOCUMENTED].sort().map((name, index) => [name, index])),
};

/** Members of type Int: 32 bits, signed. */
export const INTS: readonly Member[] = ['ProviderId', 'MerchantId', 'PlacementId'];

export function isMember(name: string): name is Member {
  return POSITIONS.documented.has(name);
}

/** The service cannot read the body. A WCF host answers 400 with a page. The message quotes nothing of the body. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** An element as xml2js gives it with `xmlns` and ordered children. */
export type Node = {
  readonly $?: Readonly<Record<string, { uri: string; local: string; value: string }>>;
  readonly $ns: { readonly uri: string; readonly local: string };
  readonly $$?: readonly Node[];
  readonly _?: string;
};

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
const DOCTYPE = /^\uFEFF?(?:\s|<\?[\s\S]*?\?>|<!--[\s\S]*?-->)*<!DOCTYPE/;
const INT = /^\s*[+-]?\d{1,12}\s*$/;

/**
 * Reads a request the way DataContractSerializer does: by local name, in the order and namespace that the rules ask for,
 * ignoring everything else. Of a repeated member the first counts. Throws `Unreadable`.
 */
export function readRequest(body: string, rules: Rules): Fields {
  const root = parse(body);
  if (root.$ns.local !== rules.root) throw new Unreadable(`The root element is not '${rules.root}'.`);
  const fields: Partial<Record<Member, string>> = {};
  const positions = rules.order === 'off' ? undefined : POSITIONS[rules.order];
  let last = -1;
  for (const node of root.$$ ?? []) {
    const { local, uri } = node.$ns;
    if (!isMember(local) || local in fields) continue;
    if (rules.namespaceSensitive && (uri !== rules.namespace || root.$ns.uri !== rules.namespace)) continue;
    if (positions !== undefined) {
      const position = positions.get(local) ?? -1;
      if (position <= last) continue;
      last = position;
    }
    if (node.$$ !== undefined) throw new Unreadable(`The element '${local}' has child elements.`);
    if (!isNil(node)) fields[local] = node._ ?? '';
  }
  for (const member of INTS) {
    const text = fields[member];
    if (text !== undefined && !isInt32(text))
      throw new Unreadable(`The value of '${member}' cannot be parsed as the type 'Int32'.`);
  }
  return fields;
}

/** Parses one document. Throws `Unreadable`. */
export function parse(body: string): Node {
  if (DOCTYPE.test(body)) throw new Unreadable('DTD is prohibited in this document.');
  const parser = new Parser({
    xmlns: true,
    explicitRoot: false,
    explicitChildren: true,
    preserveChildrenOrder: true,
  });
  const roots: Node[] = [];
  let broken = false;
  // parseString's callback resets the parser after the first root, so it would not report content after that root.
  parser.on('end', (root: Node | null) => {
    if (root !== null) roots.push(root);
  });
  parser.on('error', () => {
    broken = true;
  });
  try {
    parser.parseString(body);
  } catch {
    broken = true;
  }
  const [root] = roots;
  if (broken || root === undefined || roots.length > 1) throw new Unreadable('The body is not one XML document.');
  return root;
}

export function isNil(node: Node): boolean {
  return Object.values(node.$ ?? {}).some(
    ({ uri, local, value }) => uri === XSI && local === 'nil' && (value === 'true' || value === '1'),
  );
}

export function isInt32(text: string): boolean {
  return INT.test(text) && Number(text) === (Number(text) | 0);
}

const CALLER = ['ProviderId', 'UserName', 'Password'] as const;
const CONSUMER = ['ConsumerPhoneNumber', 'ConsumerPhoneNumberCountryCode'] as const;

/** The description of the Failure for an unacceptable request; `undefined` for a request that opens a conversation. */
export function failureFor(fields: Fields, accepted: Credentials): string | undefined {
  for (const member of CALLER) if (isBlank(fields[member])) return `${member} is required.`;
  const known =
    Number(fields.ProviderId) === accepted.providerId &&
    fields.UserName === accepted.username &&
    fields.Password === accepted.password;
  if (!known) return 'Invalid provider credentials.';
  for (const member of CONSUMER) if (isBlank(fields[member])) return `${member} is required.`;
  if (fields.MerchantId !== undefined && fields.AdvertiserId !== undefined)
    return 'Specify either MerchantId or AdvertiserId, not both.';
  if (fields.MerchantId === undefined && isBlank(fields.AdvertiserId))
    return 'Either MerchantId or AdvertiserId is required.';
  if (!/^\d{4,15}$/.test(fields.ConsumerPhoneNumber ?? '')) return 'ConsumerPhoneNumber is not a valid phone number.';
  if (!/^[1-9]\d{0,2}$/.test(fields.ConsumerPhoneNumberCountryCode ?? ''))
    return 'ConsumerPhoneNumberCountryCode is not a valid country code.';
  return undefined;
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === '';
}
