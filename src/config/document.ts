import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { escapePointer, pointerTokens } from '../lib/text.ts';
import type { Mistake } from './problem.ts';
import type { Located } from './schema/validate.ts';

/** A parsed JSON document with comments, and the place of each value in the text. */
export type JsonDocument = {
  readonly value: unknown;
  /** Returns where the value at a pointer begins; if there is none, where the innermost value around it begins. */
  readonly locate: (pointer: string) => Place;
  /** Names that an object holds twice. */
  readonly duplicates: readonly Located[];
};

/** Both counted from 1. */
export type Place = { readonly line: number; readonly column: number };

/** A syntax error of a text, with its place. */
type SyntaxMistake = Mistake & { readonly place: Place };

/** Reads JSON in which comments and trailing commas are allowed. */
export function parseDocument(text: string): JsonDocument | { readonly syntax: readonly SyntaxMistake[] } {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: false });
  const placeOf = createPlaces(text);
  if (root === undefined || errors.length > 0) {
    return { syntax: errors.map(({ error, offset }) => ({ ...syntaxMistake(error), place: placeOf(offset) })) };
  }
  const nodeAt = createLookup(root);
  return {
    value: getNodeValue(root),
    locate: (pointer) => placeOf(nodeAt(pointer).offset),
    duplicates: findDuplicates(root, ''),
  };
}

function syntaxMistake(code: ParseError['error']): Mistake {
  const words = printParseErrorCode(code).replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return { problem: `is not JSON: ${words.toLowerCase()}`, fix: 'correct the text there' };
}

/**
 * Converts offsets into places. The lines are counted once, at the first call: counting them for each mistake of a file of
 * megabytes would block the event loop for as long as a caller waits for an answer.
 */
function createPlaces(text: string): (offset: number) => Place {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return starts;
}

/** Finds the node at a pointer, or the innermost node around it. The names of an object are indexed when they are first asked for. */
function createLookup(root: Node): (pointer: string) => Node {
  const indexes = new Map<Node, ReadonlyMap<string, Node>>();
  const childOf = (node: Node, name: string): Node | undefined => {
    if (node.type === 'array') return node.children?.[Number(name)];
    let index = indexes.get(node);
    if (index === undefined) {
      index = new Map(
        (node.children ?? [])
          .toReversed()
          .flatMap(({ children: [key, value] = [] }) => (key && value ? [[String(key.value), value]] : [])),
      );
      indexes.set(node, index);
    }
    return index.get(name);
  };
  return (pointer) => {
    let node = root;
    for (const name of pointerTokens(pointer)) {
      const next = childOf(node, name);
      if (next === undefined) break;
      node = next;
    }
    return node;
  };
}

function findDuplicates(node: Node, pointer: string): Located[] {
  if (node.type === 'array') {
    return (node.children ?? []).flatMap((child, index) => findDuplicates(child, `${pointer}/${index}`));
  }
  if (node.type !== 'object') return [];
  const seen = new Set<string>();
  return (node.children ?? []).flatMap(({ children: [key, value] = [] }) => {
    if (key === undefined || value === undefined) return [];
    const name = String(key.value);
    const at = `${pointer}/${escapePointer(name)}`;
    const twice: Located[] = seen.has(name)
      ? [{ pointer: at, problem: 'is there twice', fix: 'remove or rename one of them' }]
      : [];
    seen.add(name);
    return [...twice, ...findDuplicates(value, at)];
  });
}
