/** What is wrong with one value, and how to correct it. Neither text ever quotes the value. */
export type Mistake = { readonly problem: string; readonly fix: string };

/**
 * A mistake with its place: `setting` is a variable (`PORT`, `PORT_FILE`) or a JSON pointer into the file
 * (`CONFIG_FILE: /sites/demo/origins/0`); `at` is `line:column` of the file, both counted from 1.
 */
export type Problem = Mistake & { readonly setting: string; readonly at?: string };

/** Names and paths in a line are as long as somebody wrote them; a log collector cuts or drops a line without bound. */
const LINE_MAX = 1_000;

/** One line for a person: `PORT is not an integer; use an integer from 0 to 65535`. */
export function formatProblem({ setting, at, problem, fix }: Problem): string {
  const line = `${setting}${at === undefined ? '' : ` (${at})`} ${problem}; ${fix}`;
  return line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)}…` : line;
}

/** The names of a list of any length for one log line: the first ones, and how many more there are. */
export function firstNames(names: readonly string[]): readonly string[] {
  return names.length <= LISTED_MISTAKES
    ? names
    : [...names.slice(0, LISTED_MISTAKES), `and ${names.length - LISTED_MISTAKES} more`];
}

/** How many mistakes are listed, so that a log line and an answer stay bounded: a generated file may have thousands. */
export const LISTED_MISTAKES = 50;

/** The lines that list mistakes, each as `formatProblem` writes it, and how many more there are. */
export function formatProblems({ problems, more }: Pick<ConfigurationError, 'problems' | 'more'>): string[] {
  const lines = problems.map(formatProblem);
  return more === 0 ? lines : [...lines, `and ${more} more`];
}

/**
 * The settings are invalid. `problems` holds the mistakes, at most `LISTED_MISTAKES`, and `more` counts the others. `files`
 * are those that settings were read from, or should have been read from: a change of one of them may correct the mistakes.
 */
export class ConfigurationError extends Error {
  readonly problems: readonly Problem[];
  readonly more: number;
  readonly files: readonly string[];

  constructor(problems: readonly Problem[], files: readonly string[] = [], unlisted = 0) {
    const listed = problems.slice(0, LISTED_MISTAKES);
    const more = problems.length - listed.length + unlisted;
    const count = problems.length + unlisted;
    const lines = formatProblems({ problems: listed, more }).map((line) => `  - ${line}`);
    super(`The configuration has ${count === 1 ? '1 mistake' : `${count} mistakes`}:\n${lines.join('\n')}`);
    this.name = 'ConfigurationError';
    this.problems = listed;
    this.more = more;
    this.files = files;
  }
}
