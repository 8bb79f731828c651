import { COMMON } from './arguments.ts';
import type { Command, Option } from './command.ts';

export const START = 'npm run -s gateway --';

const EXITS = `Exit codes: 0 done, 1 failed or problems found, 2 the command is wrong, 3 not found.`;

/** All commands, or those of a group such as `leads`. */
export function overview(commands: readonly Command[]): string {
  const rows = commands.map(
    ({ name, operands, summary }) => [[name, operands].filter(Boolean).join(' '), summary] as const,
  );
  return `${[
    "Operator's commands of the Text Connect Gateway, with the same settings as the gateway itself.",
    '',
    `  ${START} COMMAND [options]`,
    '',
    ...columns(rows),
    '',
    `Each has --help, and --json for machines. ${EXITS}`,
  ].join('\n')}\n`;
}

/** One command: how it is written, its options, what else to know. */
export function explain({ name, operands, summary, options, notes }: Command): string {
  const rows = Object.entries({ ...options, ...COMMON }).map(
    ([key, option]) => [spell(key, option), option.help] as const,
  );
  return `${[
    `${summary}`,
    '',
    `  ${[START, name, operands, '[options]'].filter(Boolean).join(' ')}`,
    '',
    ...columns(rows),
    ...(notes === undefined ? [] : ['', notes]),
    '',
    EXITS,
  ].join('\n')}\n`;
}

function spell(name: string, { type, value = 'TEXT', multiple }: Option): string {
  return type === 'boolean' ? `--${name}` : `--${name} ${value}${multiple ? ',…' : ''}`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
