import type { Mistake } from './problem.ts';

/** Gives a file's bytes, or throws. */
export type ReadFile = (path: string) => Uint8Array;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a file's text without a byte order mark. A mistake names the path, never the content. */
export function readText(readFile: ReadFile, path: string): { readonly text: string } | { readonly mistake: Mistake } {
  let bytes: Uint8Array;
  try {
    bytes = readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return {
      mistake: {
        problem: `names a file that cannot be read: ${path} (${code})`,
        fix: 'check that it exists and that the user of this program may read it',
      },
    };
  }
  try {
    return { text: utf8.decode(bytes) };
  } catch {
    return { mistake: { problem: `names a file that is not UTF-8: ${path}`, fix: 'save it as UTF-8' } };
  }
}

/** Reads a file that holds one value, such as a container secret. One newline at its end is not part of the value. */
export function readSecret(
  readFile: ReadFile,
  path: string,
  { mayBeEmpty = false } = {},
): { readonly text: string } | { readonly mistake: Mistake } {
  const read = readText(readFile, path);
  if ('mistake' in read) return read;
  const text = read.text.replace(/\r?\n$/, '');
  if (text !== '' || mayBeEmpty) return { text };
  return { mistake: { problem: `names an empty file: ${path}`, fix: 'write the value into it' } };
}
