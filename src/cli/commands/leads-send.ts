import type { Selection, SendAction } from '../../ops/operations/selection.ts';
import { type Call, type Command, EXIT, type ExitCode, Misuse } from '../command.ts';
import { confirm } from '../confirm.ts';
import { LEAD_OPTIONS, leadQuery } from '../lead-options.ts';
import { json, plural } from '../print.ts';
import { createProgress } from '../progress.ts';

const SUMMARY: Readonly<Record<SendAction, string>> = {
  replay: 'Sends leads again, whatever became of them, by a running gateway.',
  release: 'Lets leads go that wait for a person: held, unknown or parked.',
};

/** `leads replay` and `leads release`: the same preview, question and progress over different statuses. */
export function leadsSend(action: SendAction): Command {
  return {
    name: `leads ${action}`,
    summary: SUMMARY[action],
    operands: '[ID…]',
    options: {
      ...LEAD_OPTIONS,
      'dry-run': { type: 'boolean', help: 'only say what would be sent' },
      yes: { type: 'boolean', help: 'do not ask' },
    },
    notes:
      'Name leads or say which with options. Leads that are queued or being sent already, and those without personal data,\n' +
      'are left alone. They start a fresh retry schedule.',
    run: (call) => run(action, call),
  };
}

async function run(action: SendAction, call: Call): Promise<ExitCode> {
  const { operands, values, json: asJson, io, actor, open } = call;
  const query = leadQuery(values, operands);
  if (Object.keys(query).length === 0) throw new Misuse('Name leads, or say which with options');
  const dryRun = values['dry-run'] === true;
  const { operations } = await open();
  const selection = await operations.selectLeads(action, query);
  io.err(preview(selection));
  const report = (queued: number): ExitCode => {
    const { ids, byStatus, bySite, mayHaveArrived, skipped, missing } = selection;
    if (asJson)
      io.out(json({ action, dryRun, matched: ids.length, byStatus, bySite, mayHaveArrived, skipped, missing, queued }));
    return missing > 0 ? EXIT.notFound : EXIT.ok;
  };
  if (dryRun || selection.ids.length === 0) return report(0);

  const stop = await confirm(call, `Send ${plural(selection.ids.length, 'lead')}?`);
  if (stop !== undefined) return stop;
  const onProgress = createProgress(io, selection.ids.length);
  const queued = await operations.sendLeads(selection, { actor, onProgress });
  const changed = selection.ids.length - queued;
  io.err(`${plural(queued, 'lead')} queued.\n`);
  if (changed > 0)
    io.err(`${plural(changed, 'lead')} had changed meanwhile and ${changed === 1 ? 'was' : 'were'} left alone.\n`);
  return report(queued);
}

/** What would happen, and what a person should think of before saying yes. */
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

function counts(numbers: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(numbers)
    .map(([name, number]) => `${name} ${number}`)
    .join(', ');
}
