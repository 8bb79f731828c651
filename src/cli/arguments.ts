import { parseArgs } from 'node:util';
import { type Command, Misuse, type Option, type Values } from './command.ts';

/** Taken by every command. */
export const COMMON: Readonly<Record<string, Option>> = {
  json: { type: 'boolean', help: 'print JSON of a stable shape' },
  help: { type: 'boolean', help: 'explain the command' },
};

export type Arguments = { readonly values: Values; readonly operands: readonly string[] };

/**
 * Reads what stands behind a command's name.
 *
 * @throws Misuse for an option that the command does not have, one without its value, or operands where it takes none
 */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  const { values, positionals } = parse(command, args);
  if (command.operands === undefined && positionals.length > 0 && !values.help) {
    throw new Misuse(`${command.name} takes options only`);
  }
  return { values: values as Values, operands: positionals };
}

function parse(command: Command, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...COMMON }).map(([name, { type, multiple = false }]) => [
      name,
      { type, multiple },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // The message names the option and never its value.
    throw new Misuse(error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : 'the options cannot be read');
  }
}

/** An option's text, where it was given. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  if (value === '') throw new Misuse(`--${name} is empty`);
  return typeof value === 'string' ? value : undefined;
}

/** A list that was given as `a,b`, as several options, or both. */
export function list(values: Values, name: string): readonly string[] | undefined {
  const value = values[name];
  if (!Array.isArray(value)) return undefined;
  const words = value.flatMap((item: string) => item.split(',')).filter((word) => word !== '');
  if (words.length === 0) throw new Misuse(`--${name} is empty`);
  return words;
}

/** A whole number from 1 to `max`. */
export function count(values: Values, name: string, fallback: number, max: number): number {
  const given = text(values, name);
  if (given === undefined) return fallback;
  const number = /^[1-9]\d{0,8}$/.test(given) ? Number(given) : Number.NaN;
  if (!(number <= max)) throw new Misuse(`--${name} is a number from 1 to ${max}`);
  return number;
}
