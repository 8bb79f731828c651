import { resolve } from 'node:path';
import { doubtsAbout } from './environment.ts';
import type { Findings } from './findings.ts';
import { type ReadFile, readSecret } from './read-file.ts';
import type { Validate } from './schema/validate.ts';

/** How to read the files that values of the configuration file name; relative paths start from `directory`. */
export type SecretFiles = { readonly directory: string; readonly readFile: ReadFile };

/** A value of the configuration file that may also stand in a file of its own: `password` and `passwordFile`. */
type Twin = {
  /** Pointer of the object that holds both. */
  readonly at: string;
  readonly name: string;
  readonly written: string | undefined;
  readonly path: string | undefined;
  /** Checks the text of the file; the written value is checked by the schema. */
  readonly validate: Validate;
};

/**
 * Reads a value, written or in a file; `undefined` if there is none or if it is invalid.
 *
 * @param required whether one of the two must be there
 */
export function readTwin(twin: Twin, findings: Findings, files: SecretFiles, required: boolean): string | undefined {
  const { at, name, written, path } = twin;
  const pointer = `${at}/${name}`;
  if (written !== undefined) {
    if (path !== undefined) {
      findings.add(pointer, { problem: `is set, and so is ${name}File`, fix: 'set one of the two' });
    }
    return findings.sound(pointer) ? written : undefined;
  }
  if (path === undefined) {
    const fix = `add ${name}File with the path of a file, or ${name} itself`;
    if (required) findings.add(pointer, { problem: 'is missing', fix });
    return undefined;
  }
  return findings.sound(`${pointer}File`) ? readOne(`${pointer}File`, path, twin.validate, findings, files) : undefined;
}

function readOne(
  pointer: string,
  path: string,
  validate: Validate,
  findings: Findings,
  { directory, readFile }: SecretFiles,
): string | undefined {
  const read = readSecret(readFile, resolve(directory, path));
  if ('mistake' in read) {
    findings.add(pointer, read.mistake);
    return undefined;
  }
  const mistakes = validate(read.text);
  for (const { problem, fix } of mistakes) {
    findings.add(pointer, { problem: `names a file whose text ${problem}`, fix });
  }
  for (const doubt of doubtsAbout(read.text))
    findings.warn(pointer, { ...doubt, problem: `names a file whose text ${doubt.problem}` });
  return read.text;
}
