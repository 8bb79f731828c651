import type { Command } from 'commander';
import type { Selection, SendAction, WaitingAccount } from '../../admin/operations/selection.ts';
import {
  type Context,
  EXIT,
  groupOf,
  type JsonOption,
  type LeadOptions,
  leadOptions,
  leadQuery,
  UsageError,
} from '../command.ts';
import { confirm, createProgress, json, plural } from '../output.ts';

type SendOptions = LeadOptions & JsonOption & { readonly dryRun?: boolean; readonly yes?: boolean };

const NEW_SCHEDULE =
  'Leads that are queued or being sent already, and leads without personal data, are not sent. Each lead starts a new retry schedule.';

const DESCRIPTIONS: Readonly<Record<SendAction, string>> = {
  replay: 'Sends leads again, whatever their outcome was; a running gateway sends them.',
  release: 'Sends leads that wait for a decision: held, unknown or parked.',
  retry: 'Sends queued leads now, and not at the next time of their retry schedule.',
};

const RULES: Readonly<Record<SendAction, string>> = {
  replay: NEW_SCHEDULE,
  release: NEW_SCHEDULE,
  retry:
    'Leads that are due already or being sent, and leads without personal data, are left alone. A lead keeps its place in the\n' +
    'retry schedule. Leads of a parked account, or behind an open breaker, wait all the same; the preview says so.',
};

const LEFT_ALONE: Readonly<Record<SendAction, string>> = {
  replay: 'queued, being sent, erased, or in another status',
  release: 'queued, being sent, erased, or in another status',
  retry: 'due already, being sent, erased, or not queued',
};

/** `leads replay`, `leads release` and `leads retry`: the same preview, question and progress over different statuses. */
export function addSendCommands(program: Command, context: Context): void {
  const leads = groupOf(program, 'leads');
  for (const action of ['replay', 'release', 'retry'] as const) {
    leadOptions(leads.command(action))
      .description(DESCRIPTIONS[action])
      .argument('[id...]')
      .option('--dry-run', 'only say what would be sent')
      .option('--yes', 'do not ask')
      .option('--json', 'print JSON of a stable shape')
      .addHelpText('after', `\nGive the ids of leads, or select leads with options. ${RULES[action]}`)
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
  const selection = await operations.selectLeads(action, query, { actor });
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
  const { ids: matched, byStatus, bySite, byProvider, waiting, mayHaveArrived, skipped, missing } = selection;
  if (options.json) {
    const found = { matched: matched.length, byStatus, bySite, byProvider, waiting };
    const counts = { ...found, mayHaveArrived, skipped, missing, queued };
    io.out(json({ action, dryRun, ...counts }));
  }
  context.exitCode = missing > 0 ? EXIT.notFound : EXIT.ok;
}

const WAITS: Readonly<Record<WaitingAccount['reason'], (provider: string, leads: string) => string>> = {
  parked: (provider, leads) => `${leads} of the account ${provider}, which is parked: sent when it is released.`,
  breaker: (provider, leads) => `${leads} of the account ${provider}, whose breaker is open: sent when it closes.`,
};

/** Describes what would be sent, with the warnings that an operator should read before confirming. */
function preview(selection: Selection): string {
  const { action, ids, byStatus, bySite, byProvider, waiting, mayHaveArrived, skipped, missing } = selection;
  const lines = [`${plural(ids.length, 'lead')} to send.`];
  if (ids.length > 0) {
    lines.push(`  by status: ${counts(byStatus)}`, `  by site:   ${counts(bySite)}`);
    lines.push(`  provider:  ${counts(byProvider)}`);
  }
  for (const { provider, reason, leads } of waiting)
    lines.push(`WAITS: ${WAITS[reason](provider, plural(leads, 'lead'))}`);
  if (skipped > 0) lines.push(`${plural(skipped, 'lead')} left alone: ${LEFT_ALONE[action]}.`);
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
