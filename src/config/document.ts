import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { Mistake } from './problem.ts';
import { escapePointer, type Located } from './schema/mistakes.ts';

/** A JSON document with comments, and where each of its values stands in the text. */
export type JsonDocument = {
  readonly value: unknown;
  /** Where the value at a pointer begins, or the innermost value around it that exists. */
  readonly locate: (pointer: string) => Place;
  /** Names that an object holds twice. */
  readonly duplicates: readonly Located[];
};

/** Both counted from 1. */
export type Place = { readonly line: number; readonly column: number };

/** Why a text is no JSON, with the place. */
export type SyntaxMistake = Mistake & { readonly place: Place };

/** Reads JSON in which comments and trailing commas are allowed. */
export function parseDocument(text: string): JsonDocument | { readonly syntax: readonly SyntaxMistake[] } {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: false });
  const positionOf = (offset: number) => position(text, offset);
  if (root === undefined || errors.length > 0) {
    return { syntax: errors.map(({ error, offset }) => ({ ...syntaxMistake(error), place: positionOf(offset) })) };
  }
  return {
    value: getNodeValue(root),
    locate: (pointer) => positionOf(nodeAt(root, pointer).offset),
    duplicates: findDuplicates(root, ''),
  };
}

function syntaxMistake(code: ParseError['error']): Mistake {
  const words = printParseErrorCode(code).replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return { problem: `is not JSON: ${words.toLowerCase()}`, fix: 'correct the text there' };
}

function position(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

function nodeAt(root: Node, pointer: string): Node {
  let node = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const next = findNodeAtLocation(node, [node.type === 'array' ? Number(name) : name]);
    if (next === undefined) break;
    node = next;
  }
  return node;
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
