import type { SendAction } from './operations/selection.ts';

/** One sentence about the state of the gateway, what to do, and the section of docs/operations.md that explains it. */
export type Finding = {
  readonly severity: 'alarm' | 'warning';
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly action: string;
  /** What sends the leads that the sentence is about: a command on the command line, a button in the console. */
  readonly mend?: { readonly action: SendAction; readonly filter: Readonly<Record<string, string>> };
  /** Anchor in docs/operations.md. */
  readonly section: string;
};

/** The command of a finding, after the program's name. The options of a filter have the names of its fields. */
export function commandOf({ action, filter }: NonNullable<Finding['mend']>): string {
  const options = Object.entries(filter).map(
    ([name, value]) => ` --${name} ${/^[\w.-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`,
  );
  return `leads ${action}${options.join('')}`;
}
