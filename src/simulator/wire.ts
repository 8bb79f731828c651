import { Parser } from 'xml2js';
import { type Fields, INTS, isMember, type Member, POSITIONS } from './members.ts';
import type { Rules } from './rules.ts';

/** The body is no document that the service could read: a WCF host answers it 400 with a page. Its text quotes nothing. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** An element as xml2js gives it with `xmlns` and ordered children. */
type Node = {
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
 * passing over whatever does not fit. Of a repeated member the first counts. Throws `Unreadable`.
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

function parse(body: string): Node {
  if (DOCTYPE.test(body)) throw new Unreadable('DTD is prohibited in this document.');
  const parser = new Parser({
    xmlns: true,
    explicitRoot: false,
    explicitChildren: true,
    preserveChildrenOrder: true,
  });
  const roots: Node[] = [];
  let broken = false;
  // Not parseString's callback: it resets the parser after the first root, and so never hears of what follows it.
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

function isNil(node: Node): boolean {
  return Object.values(node.$ ?? {}).some(
    ({ uri, local, value }) => uri === XSI && local === 'nil' && (value === 'true' || value === '1'),
  );
}

function isInt32(text: string): boolean {
  return INT.test(text) && Number(text) === (Number(text) | 0);
}
