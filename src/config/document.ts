import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { escapePointer } from '../lib/escape.ts';
import type { Mistake, Problem } from './problem.ts';
import type { Located } from './schema/validate.ts';

/** A parsed JSON document with comments, and the place of each value in the text. */
type JsonDocument = {
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

/** Collects the mistakes of the configuration file. */
export type Findings = {
  readonly add: (pointer: string, mistake: Mistake) => void;
  /** Whether the value at a pointer and those around it are valid; values deeper inside may be invalid. */
  readonly sound: (pointer: string) => boolean;
  /** All mistakes, in the order of the file. */
  readonly problems: () => Problem[];
};

/** Starts from the schema's mistakes, so that rules between values are checked only where the values are valid. */
export function createFindings(document: JsonDocument, located: readonly Located[]): Findings {
  const found: (Located & { place: Place })[] = [];
  const add: Findings['add'] = (pointer, mistake) => {
    found.push({ ...mistake, pointer, place: document.locate(pointer) });
  };
  for (const mistake of [...document.duplicates, ...located]) add(mistake.pointer, mistake);
  const broken = located.map(({ pointer }) => pointer);
  return {
    add,
    sound: (pointer) => !broken.some((other) => other === pointer || pointer.startsWith(`${other}/`)),
    problems: () =>
      found
        .toSorted((one, other) => one.place.line - other.place.line || one.place.column - other.place.column)
        .map(({ pointer, place, problem, fix }) => fileProblem({ problem, fix }, place, pointer)),
  };
}

/** A mistake in the configuration file; without a pointer, in the file as a whole. */
export function fileProblem({ problem, fix }: Mistake, { line, column }: Place, pointer = ''): Problem {
  return { setting: pointer === '' ? 'CONFIG_FILE' : `CONFIG_FILE: ${pointer}`, at: `${line}:${column}`, problem, fix };
}
