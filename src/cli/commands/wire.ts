import type { Command } from 'commander';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import type { Lead } from '../../domain/lead.ts';
import type { ProviderAccount } from '../../domain/provider.ts';
import { isLeadValue, LEAD_VALUES } from '../../domain/wire.ts';
import { createProviderClient } from '../../provider/client.ts';
import { encodeLead } from '../../provider/encode.ts';
import type { Mapping } from '../../provider/learn/names.ts';
import { type Context, EXIT, groupOf, type Io, type JsonOption, text, UsageError } from '../command.ts';
import { json, pairs } from '../output.ts';
import { withStoredSite } from '../session.ts';
import { adviceOn } from '../wire/advice.ts';
import { formatReport, learnFrom, NoSample } from '../wire/learn.ts';
import { becomes } from './classify.ts';
import { leadOf, parseLead, readInputFile, UnusableLead } from './render.ts';

type LearnOptions = JsonOption & { readonly sample?: number; readonly map?: Mapping };
type CheckOptions = JsonOption & { readonly send?: boolean; readonly yes?: boolean };

/** `wire learn` and `wire check`: finds the format of the provider's document, and tries it with one real lead. */
export function addWireCommands(program: Command, context: Context): void {
  const wire = groupOf(program, 'wire');
  wire
    .command('learn')
    .description(
      "Finds the settings of the provider's document from a sample of it, and compares ours with the sample.",
    )
    .argument(
      '<file>',
      "a document, or a text or page that shows one, such as a service's help page; - reads standard input",
    )
    .option('--sample <n>', 'the number of the document, where the file holds several', sampleNumber)
    .option('--map <element=value>', 'which value an element holds, or constant; can be repeated', mapping)
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      `\nValues: ${LEAD_VALUES.join(', ')}.\nNothing is sent, stored or changed. docs/wire.md explains the settings. The exit code is 1 where the profile cannot be used as it is.`,
    )
    .action((file: string, options: LearnOptions) => learn(file, options, context));

  wire
    .command('check')
    .description('Sends one real lead to the provider under the current settings, and explains the answer.')
    .argument(
      '<file>',
      'a file that holds a body of POST /conversations with a phone of your own; - reads standard input',
    )
    .option('--send', 'send it; without this option the command only shows what would be sent')
    .option('--yes', 'do not ask for the name of the account; needed without a terminal')
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      '\nAn agent of the merchant sees the conversation, so agree on it before. The lead is not stored and counts on no limit; suppressed\nnumbers are not looked up. The exit code is 0 where the provider answered Success.',
    )
    .action((file: string, options: CheckOptions) => check(file, options, context));
}

function sampleNumber(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new UsageError('--sample is the number of a document, from 1');
}

function mapping(given: string, previous: Mapping = {}): Mapping {
  const [element = '', value = ''] = text('map')(given).split('=');
  if (element !== '' && (isLeadValue(value) || value === 'constant')) return { ...previous, [element]: value };
  throw new UsageError(`--map is the name of an element, = and one of ${LEAD_VALUES.join(', ')}, constant`);
}

async function learn(file: string, { sample, map = {}, json: asJson }: LearnOptions, context: Context): Promise<void> {
  const { io } = context;
  const bytes = await readInputFile(file, io);
  try {
    const report = learnFrom(bytes, map, sample);
    io.out(asJson ? json(report) : formatReport(report));
    context.exitCode = report.problems.length === 0 ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!(error instanceof NoSample)) throw error;
    io.err(`${error.message}\n`);
    context.exitCode = EXIT.failed;
  }
}

async function check(file: string, options: CheckOptions, context: Context): Promise<void> {
  const { io } = context;
  const body = await readInputFile(file, io);
  const request = parseLead(body);
  const settings = await withStoredSite(loadSettings(io.env), request.site, context.open);
  const lead = leadOf(request, settings.sites);
  const account = settings.providers.get(lead.provider);
  if (account === undefined) throw new Error('a site names an account that is not configured');
  if (settings.simulator) {
    throw new UnusableLead(
      'The account is that of the bundled simulator, which runs inside the gateway only. Set CONFIG_FILE with a real account, or UPSTREAM_URL.',
    );
  }
  io.err(preview(lead, account));
  if (!(await isConfirmed(options, account, io))) {
    context.exitCode = EXIT.usage;
    return;
  }
  const explained = await sendOne(lead, account, settings);
  io.out(options.json ? json(explained) : pairs(Object.entries(explained)));
  context.exitCode = explained.class === 'delivered' ? EXIT.ok : EXIT.failed;
}

function preview(lead: Lead, account: ProviderAccount): string {
  const document = encodeLead(lead, { ...account, password: '********' });
  return `To the account ${account.id} at ${new URL(account.url).origin}:\n${document}\n`;
}

/** A real conversation is opened, so two confirmations are needed: the option, and the name of the account or a second option. */
async function isConfirmed({ send, yes }: CheckOptions, { id }: ProviderAccount, io: Io): Promise<boolean> {
  if (!send) {
    io.err('Nothing was sent. Add --send to send this lead to the provider.\n');
    return false;
  }
  if (yes) return true;
  if (!io.interactive) {
    io.err('Nothing was sent: add --yes too, because there is no terminal to ask on.\n');
    return false;
  }
  const answer = await io.ask(`This opens a real conversation. Type the name of the account (${id}) to send it: `);
  if (answer.trim() === id) return true;
  io.err('Nothing was sent.\n');
  return false;
}

/** Sends the lead once, and says what the answer means and what the gateway would do with a lead that gets it. */
async function sendOne(lead: Lead, account: ProviderAccount, settings: Settings) {
  const client = createProviderClient({
    account: () => account,
    patterns: () => ({
      site: settings.sites.get(lead.site)?.failurePatterns ?? [],
      account: account.failurePatterns ?? [],
    }),
    timeoutMs: settings.upstreamTimeoutMs,
  });
  try {
    const { outcome, httpStatus, durationMs } = await client.send(lead);
    const unknown = settings.sites.get(lead.site)?.unknownOutcome ?? settings.retry.unknown;
    return {
      class: outcome.class,
      reason: outcome.class === 'rejected' ? outcome.reason : undefined,
      cause: 'cause' in outcome ? outcome.cause : undefined,
      httpStatus,
      description: 'description' in outcome ? outcome.description : undefined,
      lead: becomes(outcome, unknown),
      durationMs,
      next: adviceOn(outcome, httpStatus),
    };
  } finally {
    await client.close();
  }
}
