import type { Command } from 'commander';
import { commandOf, type Finding } from '../../admin/findings.ts';
import { findings, readHealth, storageFinding, storageProblem } from '../../admin/health.ts';
import { isoTime } from '../../admin/operations/views.ts';
import { readSiteNews } from '../../admin/site-news.ts';
import { loadSettings } from '../../config/load.ts';
import type { EntryStore } from '../../domain/ports/entry-store.ts';
import { StorageUnavailable, UnusableDatabase } from '../../domain/ports/outbox.ts';
import type { Site } from '../../domain/site.ts';
import { type Context, type ExitCode, type Io, type JsonOption, START } from '../command.ts';
import { json } from '../output.ts';

/** The exit codes of monitoring systems for well, warning and critical. */
const CODES = { well: 0, warning: 1, alarm: 2 } as const satisfies Record<string, ExitCode>;

/** `doctor`: whether leads flow, and if not, why and what mends it. */
export function addDoctorCommand(program: Command, context: Context): void {
  program
    .command('doctor')
    .description(
      'Says in one sentence for each cause whether leads flow, what waits since when, and which command mends it.',
    )
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      '\nIt reads the database only, and knows the breakers of all processes from there. Exit codes, for monitoring: 0 all leads flow,\n' +
        '1 something needs an operator, 2 leads do not flow or the database cannot be read.',
    )
    .action((options: JsonOption) => printHealth(context, options));
}

async function printHealth(context: Context, options: JsonOption): Promise<void> {
  const { io } = context;
  const found = await examine(context);
  const state = found.some(({ severity }) => severity === 'alarm') ? 'alarm' : found.length > 0 ? 'warning' : 'well';
  context.exitCode = CODES[state];
  if (options.json) io.out(json({ state, findings: found.map(view) }));
  else io.out(found.length === 0 ? 'All leads flow.\n' : found.map(paragraph).join('\n'));
}

/** A database that cannot be read is an alarm, and not an error of the command: monitoring runs it. */
async function examine({ io, open }: Context): Promise<readonly Finding[]> {
  try {
    const { operations, store } = await open();
    const now = io.now();
    return findings(
      await readHealth({ operations, activity: store, parked: store.parked, now, ...configured(io, store, now) }),
    );
  } catch (error) {
    if (!(error instanceof StorageUnavailable || error instanceof UnusableDatabase)) throw error;
    return [storageFinding(storageProblem(error))];
  }
}

type SiteStore = Parameters<typeof readSiteNews>[0] & Pick<EntryStore, 'readEntries'>;

/** What is needed here of a site of the store; its content was checked when it was stored. */
async function storedSite(store: SiteStore, key: string): Promise<Pick<Site, 'country' | 'origins'> | undefined> {
  const [entry] = await store.readEntries('site', [key]);
  if (!entry) return undefined;
  const { country, origins } = JSON.parse(entry.content) as { country: string; origins: string[] };
  return { country, origins: origins.includes('*') ? '*' : new Set(origins) };
}

/** With mistakes in the settings it is not known which leads wait behind an open breaker, or which sites there are; all else is told as well. */
function configured({ env }: Pick<Io, 'env'>, store: SiteStore, now: number) {
  try {
    const { providers, sites } = loadSettings(env);
    return {
      sites: () => readSiteNews(store, async (key) => sites.get(key) ?? (await storedSite(store, key)), now),
      endpoints: new Map([...providers].map(([id, { url }]) => [id, new URL(url).origin])),
    };
  } catch {
    return {};
  }
}

function view({ mend, since, ...finding }: Finding): object {
  return {
    ...finding,
    ...(since !== undefined && { since: isoTime(since) }),
    ...(mend && { command: commandOf(mend) }),
  };
}

function paragraph({ severity, text, since, action, mend, section }: Finding): string {
  return [
    `${severity.toUpperCase()}  ${text}${since === undefined ? '' : ` Since ${isoTime(since)}.`}`,
    action,
    ...(mend ? [`${START} ${commandOf(mend)} --dry-run`] : []),
    `docs/operations.md#${section}`,
  ]
    .join('\n    ')
    .concat('\n');
}
