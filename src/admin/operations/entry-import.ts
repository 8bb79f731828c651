import {
  ENTRY_KINDS,
  type EntryKind,
  type EntryName,
  type EntrySecrets,
  type EntryStore,
  type NewEntry,
} from '../../domain/ports/entry-store.ts';
import { OperationError } from './input.ts';

/** Entries that are read, or stored, at once: few enough that accepting leads never waits long. */
export const CHUNK = 100;
/** Mistakes of an import that are listed. */
const LISTED = 50;
/** How long an import works before the event loop may do other work, in milliseconds. */
const SLICE_MS = 10;

/** Checks entries one after the other; an entry may refer to those that were checked before. */
export interface EntryChecker {
  check(
    kind: EntryKind,
    key: string,
    text: string,
    former?: { readonly content: string; readonly secrets?: EntrySecrets },
  ): { readonly entry: NewEntry } | { readonly problems: readonly string[] };
}

type Line = { readonly number: number; readonly key: string; readonly text: string };

/** Checks all lines, and gives the entries with the versions that they replace. @throws OperationError with every mistake */
export async function checkLines(
  lines: readonly string[],
  kind: EntryKind,
  store: EntryStore,
  checker: EntryChecker,
): Promise<readonly NewEntry[]> {
  const problems: string[] = [];
  const read = new Map<string, Line>();
  const entries: NewEntry[] = [];
  const slice = createSlices();
  for (const [index, text] of lines.entries()) {
    if (text.trim() === '') continue;
    const parsed = parseLine(text, kind);
    if (typeof parsed === 'string') problems.push(`line ${index + 1}: ${parsed}`);
    else if (read.has(parsed.key))
      problems.push(`line ${index + 1}: ${parsed.key} is in line ${read.get(parsed.key)?.number} already`);
    else read.set(parsed.key, { ...parsed, number: index + 1 });
    await slice();
  }
  const all = [...read.values()];
  for (let start = 0; start < all.length; start += CHUNK) {
    const chunk = all.slice(start, start + CHUNK);
    const keys = chunk.map(({ key }) => key);
    const formers = new Map((await store.readEntries(kind, keys)).map((former) => [former.key, former]));
    for (const { number, key, text } of chunk) {
      const former = formers.get(key);
      const checked = checker.check(kind, key, text, former);
      if ('problems' in checked) problems.push(...checked.problems.map((problem) => `line ${number}: ${problem}`));
      else entries.push({ ...checked.entry, expected: former?.version ?? 0 });
      await slice();
    }
  }
  problems.push(...(await missingUses(entries, store, read)));
  if (problems.length === 0) return entries;
  const more = problems.length - LISTED;
  throw new OperationError(
    'rejected',
    [...problems.slice(0, LISTED), ...(more > 0 ? [`and ${more} more`] : []), 'Nothing was imported.'].join('\n'),
  );
}

/** The mistakes of references to entries that exist nowhere. */
async function missingUses(
  entries: readonly NewEntry[],
  store: EntryStore,
  lines: ReadonlyMap<string, Line>,
): Promise<readonly string[]> {
  const known = new Set(entries.map(nameOf));
  const open = entries.flatMap(({ key, uses }) =>
    uses.filter((use) => !use.elsewhere && !known.has(nameOf(use))).map((use) => ({ key, use })),
  );
  for (const kind of ENTRY_KINDS) {
    const keys = [...new Set(open.flatMap(({ use }) => (use.kind === kind ? [use.key] : [])))];
    for (let start = 0; start < keys.length; start += CHUNK)
      for (const entry of await store.readEntries(kind, keys.slice(start, start + CHUNK))) known.add(nameOf(entry));
  }
  return open
    .filter(({ use }) => !known.has(nameOf(use)))
    .map(({ key, use }) => `line ${lines.get(key)?.number}: names no ${use.kind}: ${use.key}`);
}

/** A line, or what is wrong with it. */
function parseLine(text: string, kind: EntryKind): Omit<Line, 'number'> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  const line = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (line.kind !== undefined && line.kind !== kind) return `is not of the kind ${kind}`;
  if (typeof line.key !== 'string') return 'has no key; use {"key":"…","content":{…}}';
  if (line.content === undefined) return 'has no content; use {"key":"…","content":{…}}';
  return { key: line.key, text: JSON.stringify(line.content) };
}

/** Gives a function that lets the event loop do other work from time to time. */
function createSlices(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        since = performance.now();
        resolve();
      });
    });
  };
}

/** The name of an entry for a message. */
export function nameOf({ kind, key }: EntryName): string {
  return `${kind} ${key}`;
}
