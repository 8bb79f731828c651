import type { Command } from 'commander';
import type { SuppressionView } from '../../admin/operations/operations.ts';
import {
  type Context,
  EXIT,
  groupOf,
  type JsonOption,
  oneNumber,
  type PhoneOptions,
  phoneOptions,
} from '../command.ts';
import { confirm, json, plural, table } from '../output.ts';

type NumberOptions = PhoneOptions & JsonOption;
type EraseOptions = NumberOptions & { readonly suppress?: boolean; readonly yes?: boolean };

/** Commands about one phone number: `leads erase`, `suppress add`, `suppress remove`, and `suppress list`. */
export function addNumberCommands(program: Command, context: Context): void {
  phoneOptions(groupOf(program, 'leads').command('erase'))
    .description('Erases all personal data of a number permanently.')
    .argument('[number...]')
    .option('--suppress', 'also never send this number again; its keyed hash is kept for that')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      '\nWhen the command ends, the number is gone from the database and its files. Backups, the write-ahead log of a\n' +
        'Postgres server and the data that the provider holds are not erased: see docs/operations.md.',
    )
    .action((numbers: readonly string[], options: EraseOptions) => eraseNumber(context, numbers, options));

  const suppress = groupOf(program, 'suppress');
  phoneOptions(suppress.command('add'))
    .description('Suppresses a number: its leads are never sent, and only its keyed hash is kept.')
    .argument('[number...]')
    .option('--json', 'print JSON of a stable shape')
    .action((numbers: readonly string[], options: NumberOptions) => addNumber(context, numbers, options));

  phoneOptions(suppress.command('remove'))
    .description('Removes a number from the suppression list, so that its leads are sent again.')
    .argument('[number...]')
    .option('--json', 'print JSON of a stable shape')
    .action((numbers: readonly string[], options: NumberOptions) => removeNumber(context, numbers, options));

  suppress
    .command('list')
    .description('Lists the keyed hashes of suppressed numbers.')
    .option('--json', 'print JSON of a stable shape')
    .action((options: JsonOption) => listNumbers(context, options));
}

async function eraseNumber(context: Context, numbers: readonly string[], options: EraseOptions): Promise<void> {
  const { io, actor, open } = context;
  const number = oneNumber(numbers, options);
  const { operations } = await open();
  io.err(`${plural(await operations.countLeads(number, actor), 'lead')} of this number.\n`);
  const stop = await confirm(io, options.yes, 'Erase all its personal data? This cannot be undone.');
  context.exitCode = stop ?? EXIT.ok;
  if (stop !== undefined) return;
  const suppress = options.suppress === true;
  const { erased } = await operations.erase(number, { actor, suppress });
  if (options.json) io.out(json({ erased, suppressed: suppress }));
  else io.out(`${plural(erased, 'lead')} erased${suppress ? '; the number is suppressed' : ''}.\n`);
}

async function addNumber(context: Context, numbers: readonly string[], options: NumberOptions): Promise<void> {
  const { io, actor, open } = context;
  const number = oneNumber(numbers, options);
  const { operations } = await open();
  const added = await operations.suppress(number, actor);
  if (options.json) io.out(json({ suppressed: true, changed: added }));
  else io.out(added ? 'Suppressed.\n' : 'It was already suppressed.\n');
}

async function removeNumber(context: Context, numbers: readonly string[], options: NumberOptions): Promise<void> {
  const { io, actor, open } = context;
  const number = oneNumber(numbers, options);
  const { operations } = await open();
  const removed = await operations.unsuppress(number, actor);
  if (options.json) io.out(json({ suppressed: false, changed: removed }));
  else if (removed) io.out('No longer suppressed.\n');
  else io.err('It was not on the list.\n');
  context.exitCode = removed ? EXIT.ok : EXIT.notFound;
}

/** Numbers that are read at a time, so that a gateway beside the command never waits long. */
const LISTED_AT_ONCE = 500;

async function listNumbers({ io, open }: Context, options: JsonOption): Promise<void> {
  const { operations } = await open();
  const items: SuppressionView[] = [];
  for (let after: string | undefined; ; ) {
    const page = await operations.suppressions({ limit: LISTED_AT_ONCE, ...(after !== undefined && { after }) });
    items.push(...page.items);
    after = page.next;
    if (after === undefined) break;
  }
  if (options.json) {
    io.out(json({ items }));
  } else if (items.length === 0) {
    io.err('No number is suppressed.\n');
  } else {
    const rows = items.map(({ hash, createdAt }) => [hash, createdAt]);
    io.out(table(['HASH', 'SINCE'], rows));
  }
}
