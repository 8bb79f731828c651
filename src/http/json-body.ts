import jsonc from 'jsonc-parser';
import { Refusal } from '../conversation/refusal.ts';
import { pointerToken } from './validation.ts';

/** Containers within containers; the contract needs three. */
const MAX_DEPTH = 16;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a body strictly: valid UTF-8 (one leading byte order mark is let pass, RFC 8259 section 8.1), valid JSON, no key
 * twice in one object however it is escaped, no more than 16 levels.
 * @throws Refusal `invalid_json`; it tells the place and never quotes the body
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw invalid('Is empty; send one JSON object.');
  const text = decode(body);
  const value = parse(text);
  refuseAmbiguity(text);
  return value;
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw invalid('Is not valid UTF-8.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What tells the place is recursive, and this bounds how deep it has to go.
    refuseAmbiguity(text);
    throw invalid(`Is not JSON: ${whereBroken(text)}.`);
  }
}

/** V8's own message quotes the text, and often tells no place. */
function whereBroken(text: string): string {
  const offsets: number[] = [];
  jsonc.visit(text, { onError: (_error, offset) => offsets.push(offset) }, { disallowComments: true });
  const [first] = offsets;
  if (first === undefined) return 'the text breaks its rules';
  return first >= text.trimEnd().length ? 'it ends too early' : `wrong at character ${first + 1}`;
}

type Container = { readonly keys?: Set<string>; index: number; key: string; expectsKey: boolean };

/** Walks the tokens of a text, JSON or not; a scanner needs no stack, however deep the text is. */
function refuseAmbiguity(text: string): void {
  const scanner = jsonc.createScanner(text, true);
  const open: Container[] = [];
  for (let token = scanner.scan(); token !== jsonc.SyntaxKind.EOF; token = scanner.scan()) {
    const container = open.at(-1);
    switch (token) {
      case jsonc.SyntaxKind.OpenBraceToken:
        open.push({ keys: new Set(), index: 0, key: '', expectsKey: true });
        if (open.length > MAX_DEPTH) throw tooDeep(open);
        break;
      case jsonc.SyntaxKind.OpenBracketToken:
        open.push({ index: 0, key: '', expectsKey: false });
        if (open.length > MAX_DEPTH) throw tooDeep(open);
        break;
      case jsonc.SyntaxKind.CloseBraceToken:
      case jsonc.SyntaxKind.CloseBracketToken:
        open.pop();
        break;
      case jsonc.SyntaxKind.CommaToken:
        if (container) {
          container.index += 1;
          container.expectsKey = container.keys !== undefined;
        }
        break;
      case jsonc.SyntaxKind.StringLiteral:
        if (container?.expectsKey) takeKey(open, container, scanner.getTokenValue());
        break;
    }
  }
}

function takeKey(open: readonly Container[], container: Container, key: string): void {
  container.key = key;
  container.expectsKey = false;
  if (container.keys?.has(key)) {
    throw invalid('Comes twice in one object; send it once.', open);
  }
  container.keys?.add(key);
}

function tooDeep(open: readonly Container[]): Refusal {
  return invalid(`Is nested deeper than ${MAX_DEPTH} levels.`, open.slice(0, -1));
}

/** @param at the containers around the place, outermost first; empty for the body as a whole */
function invalid(detail: string, at: readonly Container[] = []): Refusal {
  const pointer = at.map(({ keys, key, index }) => `/${keys ? pointerToken(key) : index}`).join('');
  return new Refusal('invalid_json', detail, { pointer });
}
