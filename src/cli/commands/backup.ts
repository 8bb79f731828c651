import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadStorage } from '../../config/load.ts';
import type { SealedCounts } from '../../domain/ports/key-store.ts';
import { type BackupContents, createBackup, verifyBackup } from '../../store/sqlite/backup.ts';
import { createVault } from '../../store/vault.ts';
import { type Context, EXIT, groupOf, type JsonOption, UsageError } from '../command.ts';
import { json, mistakesNote, plural } from '../output.ts';

/** `backup create` and `backup verify`. The backup of a Postgres database is a dump that was restored: `deploy/postgres/backup.sh`. */
export function addBackupCommands(program: Command, context: Context): void {
  const backups = groupOf(program, 'backup');
  backups
    .command('create')
    .description('Copies the SQLite database into a new file beside a running gateway, and checks the copy.')
    .argument('<file>')
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      '\nKeep DATA_KEY, DATA_KEY_PREVIOUS and HASH_KEY in another place: the backup is useless without them.',
    )
    .action(async (file: string, options: JsonOption) => {
      const { database, keys, mistakes } = loadStorage(context.io.env);
      if (mistakes) context.io.err(mistakesNote(mistakes));
      if (database.kind !== 'sqlite')
        throw new UsageError(
          'The database is Postgres; make its backups with deploy/postgres/backup.sh, which uses pg_dump',
        );
      report(context, options, file, await createBackup(database.path, resolve(file), createVault(keys.data)));
    });

  backups
    .command('verify')
    .description(
      'Checks every page of a backup of a SQLite database, counts its leads, and says whether the keys open them. Without a file: the restored Postgres database of DATABASE_URL.',
    )
    .argument('[file]')
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      '\nThe exit code is 1 where the file is damaged, or where a lead needs a key that is not configured.',
    )
    .action(async (file: string | undefined, options: JsonOption) => {
      const { database, keys, mistakes } = loadStorage(context.io.env);
      if (file === undefined) {
        if (database.kind === 'sqlite') throw new UsageError('Name the file of the backup');
        return verifyDatabase(context, options);
      }
      if (mistakes) context.io.err(mistakesNote(mistakes));
      report(context, options, file, verifyBackup(resolve(file), createVault(keys.data)));
    });
}

/** A restored Postgres database: Postgres has checked it while it was restored, so what is left to check are the leads and the keys. */
async function verifyDatabase(context: Context, options: JsonOption): Promise<void> {
  const { store } = await context.open();
  const { byStatus, testLeads } = await store.stats();
  const leads = Object.values(byStatus).reduce((sum, n) => sum + n, testLeads);
  const sealed = await store.sealedCounts();
  if (options.json) context.io.out(json({ leads, sealed }));
  else context.io.out(`The database of DATABASE_URL has ${plural(leads, 'lead')}.\n`);
  tellOfKeys(context, sealed);
}

function report(context: Context, options: JsonOption, file: string, { leads, schema, sealed }: BackupContents): void {
  const { io } = context;
  if (options.json) io.out(json({ file: resolve(file), leads, schema, sealed }));
  else io.out(`${file} is sound: ${plural(leads, 'lead')}, schema ${schema}.\n`);
  tellOfKeys(context, sealed);
}

function tellOfKeys(context: Context, sealed: SealedCounts): void {
  if (sealed.unknown === 0) return;
  context.io.err(
    `${plural(sealed.unknown, 'value needs', 'values need')} a key that is in neither DATA_KEY nor DATA_KEY_PREVIOUS.\n`,
  );
  context.exitCode = EXIT.failed;
}
