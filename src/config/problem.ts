/** What is wrong with one value, and how to correct it. Neither text ever quotes the value. */
export type Mistake = { readonly problem: string; readonly fix: string };

/**
 * A mistake with its place: `setting` is a variable (`PORT`, `PORT_FILE`) or a JSON pointer into the file
 * (`CONFIG_FILE: /sites/demo/origins/0`); `at` is `line:column` of the file, both counted from 1.
 */
export type Problem = Mistake & { readonly setting: string; readonly at?: string };

/** One line for a person: `PORT is not an integer; use an integer from 0 to 65535`. */
export function formatProblem({ setting, at, problem, fix }: Problem): string {
  return `${setting}${at === undefined ? '' : ` (${at})`} ${problem}; ${fix}`;
}

/**
 * The settings are invalid. `problems` holds every mistake, not only the first. `files` are those that settings were read
 * from, or should have been read from: a change of one of them may correct the mistakes.
 */
export class ConfigurationError extends Error {
  readonly problems: readonly Problem[];
  readonly files: readonly string[];

  constructor(problems: readonly Problem[], files: readonly string[] = []) {
    const count = problems.length === 1 ? '1 mistake' : `${problems.length} mistakes`;
    super(`The configuration has ${count}:\n${problems.map((problem) => `  - ${formatProblem(problem)}`).join('\n')}`);
    this.name = 'ConfigurationError';
    this.problems = problems;
    this.files = files;
  }
}
