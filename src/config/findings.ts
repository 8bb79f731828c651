import type { JsonDocument, Place } from './document.ts';
import type { Mistake, Problem } from './problem.ts';
import type { Located } from './schema/mistakes.ts';

/** What is wrong with the configuration file so far. */
export type Findings = {
  readonly add: (pointer: string, mistake: Mistake) => void;
  /** Whether the schema holds for the value at a pointer itself, whatever may be wrong deeper inside it. */
  readonly sound: (pointer: string) => boolean;
  /** All that was found, in the order of the file. */
  readonly problems: () => Problem[];
};

/** Starts from what the schema found, so that the rules between values can be checked where the values are usable. */
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
