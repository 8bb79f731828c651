import type { Command } from 'commander';
import type { Selection, SendAction } from '../../admin/operations/selection.ts';
import { type Context, EXIT, groupOf, UsageError } from '../command.ts';
import { type JsonOption, type LeadOptions, leadOptions, leadQuery } from '../options.ts';
import { confirm, createProgress, json, plural } from '../output.ts';

type SendOptions = LeadOptions & JsonOption & { readonly dryRun?: boolean; readonly yes?: boolean };

const DESCRIPTIONS: Readonly<Record<SendAction, string>> = {
  replay: 'Sends leads again, whatever their outcome was; a running gateway sends them.',
  release: 'Sends leads that wait for a decision: held, unknown or parked.',
};

/** `leads replay` and `leads release`: the same preview, question and progress over different statuses. */
export function addSendCommands(program: Command, context: Context): void {
  const leads = groupOf(program, 'leads');
  for (const action of ['replay', 'release'] as const) {
    leadOptions(leads.command(action))
      .description(DESCRIPTIONS[action])
      .argument('[id...]')
      .option('--dry-run', 'only say what would be sent')
      .option('--yes', 'do not ask')
      .option('--json', 'print JSON of a stable shape')
      .addHelpText(
        'after',
        '\nGive the ids of leads, or select leads with options. Leads that are queued or being sent already, and leads without personal\n' +
          'data, are not sent. Each lead starts a new retry schedule.',
      )
      .action((ids: readonly string[], options: SendOptions) => sendLeads(context, action, ids, options));
  }
}

async function sendLeads(
  context: Context,
  action: SendAction,
  ids: readonly string[],
  options: SendOptions,
): Promise<void> {
  const { io, actor, open } = context;
  const query = leadQuery(options, ids);
  if (Object.keys(query).length === 0) throw new UsageError('Give the ids of leads, or select leads with options');
  const dryRun = options.dryRun === true;
  const { operations } = await open();
  const selection = await operations.selectLeads(action, query);
  io.err(preview(selection));

  let queued = 0;
  if (!dryRun && selection.ids.length > 0) {
    const stop = await confirm(io, options.yes, `Send ${plural(selection.ids.length, 'lead')}?`);
    if (stop !== undefined) {
      context.exitCode = stop;
      return;
    }
    const onProgress = createProgress(io, selection.ids.length);
    queued = await operations.sendLeads(selection, { actor, onProgress });
    io.err(summary(queued, selection.ids.length));
  }
  const { ids: matched, byStatus, bySite, mayHaveArrived, skipped, missing } = selection;
  if (options.json) {
    const counts = { matched: matched.length, byStatus, bySite, mayHaveArrived, skipped, missing, queued };
    io.out(json({ action, dryRun, ...counts }));
  }
  context.exitCode = missing > 0 ? EXIT.notFound : EXIT.ok;
}

/** Describes what would be sent, with the warnings that an operator should read before confirming. */
function preview({ ids, byStatus, bySite, mayHaveArrived, skipped, missing }: Selection): string {
  const lines = [`${plural(ids.length, 'lead')} to send.`];
  if (ids.length > 0) lines.push(`  by status: ${counts(byStatus)}`, `  by site:   ${counts(bySite)}`);
  if (skipped > 0)
    lines.push(`${plural(skipped, 'lead')} left alone: queued, being sent, erased, or in another status.`);
  if (missing > 0) lines.push(`${plural(missing, 'id')} not found.`);
  const { delivered = 0 } = byStatus;
  if (delivered > 0) {
    lines.push(
      `WARNING: ${delivered} of them ${delivered === 1 ? 'was' : 'were'} delivered; agents will see a second conversation.`,
    );
  }
  if (mayHaveArrived > 0)
    lines.push(`WARNING: ${mayHaveArrived} of them may have arrived; agents may see a second conversation.`);
  return `${lines.join('\n')}\n`;
}

function summary(queued: number, selected: number): string {
  const changed = selected - queued;
  const lines = [`${plural(queued, 'lead')} queued.`];
  if (changed > 0)
    lines.push(`${plural(changed, 'lead')} had changed meanwhile and ${changed === 1 ? 'was' : 'were'} left alone.`);
  return `${lines.join('\n')}\n`;
}

function counts(numbers: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(numbers)
    .map(([name, number]) => `${name} ${number}`)
    .join(', ');
}
