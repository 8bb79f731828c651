import type { Call } from './command.ts';
import { EXIT, type ExitCode } from './command.ts';

/**
 * Whether to go on: `--yes` says so, else the person on the terminal is asked.
 *
 * @returns `undefined` to go on, or the exit code to stop with
 */
export async function confirm(
  { values, io }: Pick<Call, 'values' | 'io'>,
  question: string,
): Promise<ExitCode | undefined> {
  if (values.yes) return undefined;
  if (!io.interactive) {
    io.err('Nothing was done: add --yes where nobody can be asked.\n');
    return EXIT.usage;
  }
  const answer = await io.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return undefined;
  io.err('Nothing was done.\n');
  return EXIT.failed;
}
