import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Files that tests keep between runs. They are in the checkout, so that only a user who may change the tests can change
 * them. `npm ci` empties the folder.
 */
export const CACHE = join(import.meta.dirname, '../../node_modules/.cache/text-connect-gateway');

/**
 * A folder that is filled once for this checkout and then shared by all test files, also by those of another user.
 * Concurrent processes each fill a draft; the first one that renames its draft wins.
 *
 * @param name names the content and its version
 * @param fill writes the content into an empty folder
 * @param cache the parent folder; if it cannot be written, the process gets its own temporary folder
 * @returns the path of the folder
 */
export async function filledOnce(
  name: string,
  fill: (folder: string) => Promise<void> | void,
  cache = CACHE,
): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  const draft = createDraft(cache, name);
  if (draft === undefined) return filledForThisProcess(name, fill);
  try {
    await fill(draft);
    // Independent of the umask, because other users of this checkout read the folder too.
    execFileSync('chmod', ['-R', 'a+rX', draft]);
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** `undefined` if this user may not write. */
function createDraft(cache: string, name: string): string | undefined {
  try {
    mkdirSync(cache, { recursive: true });
    return mkdtempSync(join(cache, `${name}.draft-`));
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['EACCES', 'EPERM', 'EROFS'].includes(String(error.code))) return;
    throw error;
  }
}

async function filledForThisProcess(name: string, fill: (folder: string) => Promise<void> | void): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await fill(folder);
  return folder;
}
