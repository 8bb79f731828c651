import type { JsonDocument, Place } from './document.ts';
import { LISTED_MISTAKES, type Mistake, type Problem } from './problem.ts';
import type { Located } from './schema/validate.ts';

/** Collects the mistakes of the configuration file. */
export type Findings = {
  /** A function describes a mistake whose text costs a search: it is called only for a mistake that is listed. */
  readonly add: (pointer: string, mistake: Mistake | (() => Mistake)) => void;
  /** Adds what an operator should look at although nothing is refused. */
  readonly warn: (pointer: string, doubt: Mistake) => void;
  /** Whether the value at a pointer and those around it are valid; values deeper inside may be invalid. */
  readonly sound: (pointer: string) => boolean;
  /** The first mistakes in the order of the file, at most `LISTED_MISTAKES`. */
  readonly problems: () => Problem[];
  readonly warnings: () => Problem[];
  /** How many mistakes there are. */
  readonly count: () => number;
};

/** Starts from the schema's mistakes, so that rules between values are checked only where the values are valid. */
export function createFindings(document: JsonDocument, located: readonly Located[]): Findings {
  const found: { readonly pointer: string; readonly place: Place; readonly mistake: Mistake | (() => Mistake) }[] = [];
  const add: Findings['add'] = (pointer, mistake) => {
    found.push({ pointer, place: document.locate(pointer), mistake });
  };
  const warnings: Problem[] = [];
  for (const mistake of [...document.duplicates, ...located]) add(mistake.pointer, mistake);
  const broken = new Set(located.map(({ pointer }) => pointer));
  return {
    add,
    warn(pointer, doubt) {
      warnings.push(fileProblem(doubt, document.locate(pointer), pointer));
    },
    warnings: () => warnings,
    sound(pointer) {
      for (let end = pointer.length; end !== -1; end = end === 0 ? -1 : pointer.lastIndexOf('/', end - 1)) {
        if (broken.has(pointer.slice(0, end))) return false;
      }
      return true;
    },
    problems: () =>
      found
        .toSorted((one, other) => one.place.line - other.place.line || one.place.column - other.place.column)
        .slice(0, LISTED_MISTAKES)
        .map(({ pointer, place, mistake }) =>
          fileProblem(typeof mistake === 'function' ? mistake() : mistake, place, pointer),
        ),
    count: () => found.length,
  };
}

/** Enough of a pointer to find its value beside line and column: the names in it are of any length. */
const POINTER_SHOWN = 500;

/** A mistake in the configuration file; without a pointer, in the file as a whole. */
export function fileProblem({ problem, fix }: Mistake, { line, column }: Place, pointer = ''): Problem {
  const shown = pointer.length > POINTER_SHOWN ? `${pointer.slice(0, POINTER_SHOWN)}…` : pointer;
  return { setting: pointer === '' ? 'CONFIG_FILE' : `CONFIG_FILE: ${shown}`, at: `${line}:${column}`, problem, fix };
}
