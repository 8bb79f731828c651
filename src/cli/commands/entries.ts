import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { EntryKind } from '../../domain/ports/entry-store.ts';
import {
  type Context,
  EXIT,
  groupOf,
  type JsonOption,
  type PageOptions,
  pageOf,
  pageOptions,
  text,
  UsageError,
} from '../command.ts';
import { confirm, createProgress, json, pairs, plural, table } from '../output.ts';

type ListOptions = JsonOption & PageOptions & { readonly search?: string };
type ChangeOptions = JsonOption & { readonly ifVersion?: string; readonly yes?: boolean };
type ImportOptions = JsonOption & { readonly dryRun?: boolean };

/** The groups of commands by the kind of entry that each is about. */
const GROUPS: readonly (readonly [group: string, kind: EntryKind, words: string])[] = [
  ['sites', 'site', 'site'],
  ['partners', 'partner', 'partner'],
  ['providers', 'provider', 'provider account'],
];

/** `sites`, `partners` and `providers`: the entries of the configuration that are kept in the store. */
export function addEntryCommands(program: Command, context: Context): void {
  for (const [name, kind, words] of GROUPS) addGroup(groupOf(program, name), { context, kind, words });
}

type Group = { readonly context: Context; readonly kind: EntryKind; readonly words: string };

function addGroup(group: Command, { context, kind, words }: Group): void {
  const { io, actor, open } = context;
  pageOptions(group.command('list'))
    .description(`Lists the ${words}s of the store by key.`)
    .option('--search <text>', 'a part of the key or the name', text('search'))
    .option('--json', 'print lines of JSON of a stable shape')
    .action(async (options: ListOptions) => {
      const { entries } = await open();
      const { search } = options;
      const { items, next } = await entries.list(kind, { ...pageOf(options), ...(search !== undefined && { search }) });
      if (options.json) io.out(items.map(json).join(''));
      else if (items.length === 0) io.err(`No ${words} of the store matches.\n`);
      else
        io.out(
          table(
            ['key', 'name', 'version', 'changed', 'by'],
            items.map(({ key, title, version, changedAt, changedBy }) => [
              key,
              title,
              String(version),
              changedAt,
              changedBy,
            ]),
          ),
        );
      if (next !== undefined) io.err(`More: --after ${next}\n`);
    });

  group
    .command('show')
    .description(`Prints a ${words} of the store as the configuration file would have it, without secrets.`)
    .argument('<key>')
    .option('--json', 'print JSON of a stable shape, with version and author')
    .action(async (key: string, options: JsonOption) => {
      const { entries } = await open();
      const entry = await entries.show(kind, key);
      if (options.json) return io.out(json(entry));
      const { version, changedAt, changedBy, content, sealed } = entry;
      io.out(`${JSON.stringify(content, null, 2)}\n`);
      const secrets = sealed.length === 0 ? undefined : sealed.join(', ');
      io.err(
        pairs([
          ['version', version],
          ['changed', changedAt],
          ['by', changedBy],
          ['sealed', secrets],
        ]),
      );
    });

  pageOptions(group.command('history'))
    .description(`Lists the versions of a ${words}, newest first.`)
    .argument('<key>')
    .option('--json', 'print lines of JSON of a stable shape, with the contents')
    .action(async (key: string, options: JsonOption & PageOptions) => {
      const { entries } = await open();
      const { items, next } = await entries.history(kind, key, pageOf(options));
      if (options.json) io.out(items.map(json).join(''));
      else
        io.out(
          table(
            ['version', 'changed', 'by', 'what'],
            items.map(({ version, changedAt, changedBy, content }) => [
              String(version),
              changedAt,
              changedBy,
              content === undefined ? 'deleted' : 'stored',
            ]),
          ),
        );
      if (next !== undefined) io.err(`More: --after ${next}\n`);
    });

  group
    .command('put')
    .description(`Stores a ${words}, new or changed, from a file of JSON. A secret that it leaves out stays as it is.`)
    .argument('<key>')
    .argument('<file>', '- for standard input')
    .option('--if-version <n>', 'change only this version; 0: only create', text('if-version'))
    .option('--json', 'print JSON of a stable shape')
    .action(async (key: string, file: string, options: ChangeOptions) => {
      const content = await read(context, file);
      const { entries } = await open();
      const result = await entries.put(kind, key, content, { actor, expected: versionOf(options) });
      if (options.json) return io.out(json({ key, ...result }));
      io.err(`${words} ${key}: ${result.change}, version ${result.version}\n`);
    });

  group
    .command('delete')
    .description(`Deletes a ${words} from the store. Its history stays.`)
    .argument('<key>')
    .option('--if-version <n>', 'delete only this version', text('if-version'))
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON of a stable shape')
    .action(async (key: string, options: ChangeOptions) => {
      const { entries } = await open();
      await entries.show(kind, key);
      const stop = await confirm(io, options.yes, `Delete the ${words} ${key}?`);
      context.exitCode = stop ?? EXIT.ok;
      if (stop !== undefined) return;
      await entries.remove(kind, key, { actor, expected: versionOf(options) });
      if (options.json) io.out(json({ key, deleted: true }));
      else io.err(`${words} ${key}: deleted\n`);
    });

  group
    .command('export')
    .description(`Writes all ${words}s of the store, a line of JSON each, without secrets.`)
    .option('--json', 'lines of JSON, which is the default')
    .action(async () => {
      const { entries } = await open();
      for await (const lines of entries.exportLines(kind)) io.out(lines);
    });

  group
    .command('import')
    .description(`Stores ${words}s from a file of lines of JSON, as export writes them. All are checked first.`)
    .argument('<file>', '- for standard input')
    .option('--dry-run', 'only check')
    .option('--json', 'print JSON of a stable shape')
    .action(async (file: string, { dryRun = false, json: asJson }: ImportOptions) => {
      const lines = (await read(context, file)).split('\n');
      const { entries } = await open();
      const total = lines.filter((line) => line.trim() !== '').length;
      const onProgress = createProgress(io, total);
      const result = await entries.importLines(lines, { kind, actor, dryRun, ...(total > 1_000 && { onProgress }) });
      if (asJson) return io.out(json({ dryRun, checked: total, ...result }));
      const { created, replaced, unchanged } = result;
      io.err(
        dryRun
          ? `${plural(total, words)}: no mistake. Nothing was stored.\n`
          : `${plural(total, words)}: ${created} created, ${replaced} replaced, ${unchanged} unchanged\n`,
      );
    });
}

async function read({ io }: Context, file: string): Promise<string> {
  const bytes =
    file === '-'
      ? await io.readInput()
      : await readFile(file).catch((error: NodeJS.ErrnoException) => {
          throw new UsageError(`${file} cannot be read (${error.code})`);
        });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${file} is not UTF-8`);
  }
}

function versionOf({ ifVersion }: ChangeOptions): number | undefined {
  if (ifVersion === undefined) return undefined;
  if (!/^\d{1,9}$/.test(ifVersion)) throw new UsageError('--if-version is a whole number');
  return Number(ifVersion);
}
