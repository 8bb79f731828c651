import type { Command } from 'commander';
import type { ConsentView } from '../../admin/operations/views.ts';
import { DIMENSIONS } from '../../domain/ports/lead-records.ts';
import { csvLine } from '../../lib/csv.ts';
import { defined } from '../../lib/values.ts';
import {
  type Context,
  EXIT,
  groupOf,
  type JsonOption,
  type LeadOptions,
  leadQuery,
  list,
  type PageOptions,
  pageOf,
  pageOptions,
  text,
  timeOptions,
  UsageError,
} from '../command.ts';
import { json, pairs, plural, table } from '../output.ts';

type ExportOptions = Pick<LeadOptions, 'site' | 'since' | 'until'> & JsonOption & { readonly format: string };

type StatsOptions = JsonOption & { readonly by?: readonly string[]; readonly waiting?: boolean };

const EXPORT_PAGE = 500;
const COLUMNS = ['id', 'site', 'at', 'text', 'version', 'pageUrl', 'origin', 'unreadable', 'test'] as const;

const FORMATS: Readonly<Record<string, { head: string; line: (consent: ConsentView) => string }>> = {
  jsonl: { head: '', line: json },
  csv: { head: csvLine(COLUMNS), line: (consent) => csvLine(COLUMNS.map((column) => consent[column]?.toString())) },
};

/** `consent export`, `stats` and `audit`. */
export function addReportCommands(program: Command, context: Context): void {
  const command = groupOf(program, 'consent').command('export');
  timeOptions(command.option('--site <key>', 'of one site', text('site')))
    .description('Exports the consents with the ids of their leads, oldest first; this writes an audit entry.')
    .option('--format <format>', 'jsonl, or csv for spreadsheets', text('format'), 'jsonl')
    .option('--json', 'the same as --format jsonl')
    .addHelpText(
      'after',
      '\nLeads whose personal data is erased are not exported. A lead that no configured key opens is exported as unreadable,\n' +
        'and the exit code is 1.',
    )
    .action((options: ExportOptions) => exportConsents(context, options));

  program
    .command('stats')
    .description(
      'Prints the number of leads in each status, the age of the oldest queued lead, and parked provider accounts.',
    )
    .option('--by <what,…>', `count leads by ${DIMENSIONS.join(', ')}`, list('by'))
    .option('--waiting', 'what waits: by account, status, cause and provider message, with the oldest lead')
    .option('--json', 'print JSON of a stable shape')
    .action((options: StatsOptions) => printStats(context, options));

  pageOptions(program.command('audit'))
    .description(
      'Lists all replays, releases, retries, erasures, reveals, look-ups by number, suppressions and exports, newest first.',
    )
    .option('--json', 'print JSON of a stable shape')
    .action((options: PageOptions & JsonOption) => listAudit(context, options));
}

async function exportConsents(context: Context, options: ExportOptions): Promise<void> {
  const { io, actor, open } = context;
  const format = FORMATS[options.format];
  if (!format || (options.json && format !== FORMATS.jsonl))
    throw new UsageError('--format is jsonl or csv, and --json is jsonl');
  const { operations } = await open();
  const query = leadQuery(options);
  io.out(format.head);
  let unreadable = 0;
  let after: string | undefined;
  do {
    const page = await operations.consents(query, defined({ limit: EXPORT_PAGE, after }), actor);
    io.out(page.items.map(format.line).join(''));
    unreadable += page.items.filter((consent) => consent.unreadable).length;
    after = page.next;
  } while (after !== undefined);
  if (unreadable === 0) return;
  io.err(
    `${plural(unreadable, 'lead')} cannot be read: the key that sealed the consent is in neither DATA_KEY nor DATA_KEY_PREVIOUS.\n`,
  );
  context.exitCode = EXIT.failed;
}

async function printStats({ io, open }: Context, options: StatsOptions): Promise<void> {
  if (options.by && options.waiting) throw new UsageError('Give --by or --waiting, not both');
  const { operations } = await open();
  if (options.by || options.waiting) {
    const items = options.by ? await operations.tallies(options.by) : await operations.waiting();
    const columns = options.by ?? [...DIMENSIONS.filter((name) => name !== 'site'), 'oldestAt'];
    if (options.json) io.out(json({ items }));
    else if (items.length === 0) io.err(options.waiting ? 'No lead waits.\n' : 'No lead is stored.\n');
    else io.out(countTable(columns, items));
    return;
  }
  const figures = await operations.stats();
  if (options.json) {
    io.out(json(figures));
    return;
  }
  const { byStatus, oldestQueuedAt, oldestQueuedSeconds, suppressions, parkedProviders, testLeads } = figures;
  io.out(
    pairs([
      ...Object.entries(byStatus),
      ['oldest queued', oldestQueuedAt && `${oldestQueuedAt} (${oldestQueuedSeconds} s ago)`],
      ['suppressed numbers', suppressions],
      ['parked providers', parkedProviders.length === 0 ? 'none' : parkedProviders.join(', ')],
      ['test leads', testLeads === 0 ? undefined : `${testLeads}, in none of these counts`],
    ]),
  );
}

/** One line for each group, with the number of its leads. */
function countTable(columns: readonly string[], items: readonly object[]): string {
  const cell = (item: object, name: string): string => String((item as Record<string, unknown>)[name] ?? '');
  return table(
    ['LEADS', ...columns.map((name) => (name === 'oldestAt' ? 'OLDEST' : name.toUpperCase()))],
    items.map((item) => [cell(item, 'count'), ...columns.map((name) => cell(item, name))]),
  );
}

async function listAudit({ io, open }: Context, options: PageOptions & JsonOption): Promise<void> {
  const page = pageOf(options);
  const { operations } = await open();
  const { items, next } = await operations.audit(page);
  if (options.json) {
    io.out(json({ items, ...(next !== undefined && { next }) }));
    return;
  }
  const rows = items.map(({ at, actor, action, count, detail }) => [at, actor, action, String(count), detail]);
  io.out(table(['AT', 'ACTOR', 'ACTION', 'LEADS', 'DETAIL'], rows));
  if (next !== undefined) io.err(`More: --after ${next}\n`);
}
