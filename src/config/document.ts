import { type Node, type ParseErrorCode, parse, parseTree, printParseErrorCode, visit } from 'jsonc-parser';
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

const OPTIONS = { allowTrailingComma: true, allowEmptyContent: false };

/**
 * Reads JSON in which comments and trailing commas are allowed. Places are searched only when one is asked for: a tree of all
 * values takes 25 times as much memory as the text, and a file without mistakes needs none.
 */
export function parseDocument(text: string): JsonDocument | { readonly syntax: readonly SyntaxMistake[] } {
  const canonical = parseCanonical(text);
  if (canonical) return documentOf(text, canonical.value, []);
  const { errors, duplicates } = scan(text);
  if (errors.length > 0) {
    const placeOf = createPlaces(text);
    return { syntax: errors.map(({ code, offset }) => ({ ...syntaxMistake(code), place: placeOf(offset) })) };
  }
  // The strings of the scanner are slices of the text, and would keep all of it in memory.
  return documentOf(text, JSON.parse(JSON.stringify(parse(text, [], OPTIONS))), duplicates);
}

function documentOf(text: string, value: unknown, duplicates: readonly Located[]): JsonDocument {
  const placeOf = createPlaces(text);
  let nodeAt: ((pointer: string) => Node | undefined) | undefined;
  return {
    value,
    locate(pointer) {
      nodeAt ??= createLookup(parseTree(text, [], OPTIONS));
      return placeOf(nodeAt(pointer)?.offset ?? 0);
    },
    duplicates,
  };
}

/** The value of a text that JSON itself writes in the same way, compact or indented. It has no comment, and no name twice. */
function parseCanonical(text: string): { readonly value: unknown } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const trimmed = text.trimEnd();
  return JSON.stringify(value) === trimmed || JSON.stringify(value, null, 2) === trimmed ? { value } : undefined;
}

/** Finds syntax errors with their offsets, and names that an object holds twice. */
function scan(text: string) {
  const errors: { readonly code: ParseErrorCode; readonly offset: number }[] = [];
  const duplicates: Located[] = [];
  const names: Set<string>[] = [];
  visit(
    text,
    {
      onObjectBegin: () => void names.push(new Set()),
      onObjectEnd: () => void names.pop(),
      onObjectProperty(name, _offset, _length, _line, _column, path) {
        const seen = names.at(-1);
        if (seen?.has(name)) {
          const pointer = [...path(), name].map((token) => `/${escapePointer(String(token))}`).join('');
          duplicates.push({ pointer, problem: 'is there twice', fix: 'remove or rename one of them' });
        }
        seen?.add(name);
      },
      onError: (code, offset) => void errors.push({ code, offset }),
    },
    OPTIONS,
  );
  return { errors, duplicates };
}

function syntaxMistake(code: ParseErrorCode): Mistake {
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
function createLookup(root: Node | undefined): (pointer: string) => Node | undefined {
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
      if (node === undefined) break;
      const next = childOf(node, name);
      if (next === undefined) break;
      node = next;
    }
    return node;
  };
}
