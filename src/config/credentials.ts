import { resolve } from 'node:path';
import type { Findings } from './findings.ts';
import { type ReadFile, readSecret } from './read-file.ts';
import type { ProviderContent } from './schema/provider.ts';
import { compile } from './schema/validate.ts';
import { Password, Username } from './schema/values.ts';

export type Credentials = { readonly username: string; readonly password: string };

/** Where the files are that credentials are kept in: relative paths start from `directory`. */
export type SecretFiles = { readonly directory: string; readonly readFile: ReadFile };

const validators = { username: compile(Username), password: compile(Password) };

/** The credentials of the account at a pointer, written there or in files; `undefined` where something is wrong. */
export function findCredentials(
  at: string,
  provider: ProviderContent,
  findings: Findings,
  files: SecretFiles,
): Credentials | undefined {
  const username = findOne(at, 'username', provider, findings, files);
  const password = findOne(at, 'password', provider, findings, files);
  return username === undefined || password === undefined ? undefined : { username, password };
}

function findOne(
  at: string,
  name: keyof Credentials,
  provider: ProviderContent,
  findings: Findings,
  files: SecretFiles,
): string | undefined {
  const { [name]: written, [`${name}File` as const]: path } = provider;
  const pointer = `${at}/${name}`;
  if (written !== undefined) {
    if (path !== undefined) {
      findings.add(pointer, { problem: `is set, and so is ${name}File`, fix: 'set one of the two' });
    }
    return written;
  }
  if (path === undefined) {
    findings.add(pointer, { problem: 'is missing', fix: `add ${name}File with the path of a file, or ${name} itself` });
    return undefined;
  }
  return findings.sound(`${pointer}File`) ? readOne(`${pointer}File`, name, path, findings, files) : undefined;
}

function readOne(
  pointer: string,
  name: keyof Credentials,
  path: string,
  findings: Findings,
  { directory, readFile }: SecretFiles,
): string | undefined {
  const read = readSecret(readFile, resolve(directory, path));
  if ('mistake' in read) {
    findings.add(pointer, read.mistake);
    return undefined;
  }
  for (const { problem, fix } of validators[name](read.text)) {
    findings.add(pointer, { problem: `names a file whose text ${problem}`, fix });
  }
  return read.text;
}
