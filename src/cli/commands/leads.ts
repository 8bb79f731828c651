import type { Command } from 'commander';
import { CAUSES } from '../../admin/operations/input.ts';
import type { HistoryEntry, LeadDetailsView, LeadView } from '../../admin/operations/views.ts';
import {
  type Context,
  groupOf,
  type JsonOption,
  type LeadOptions,
  leadOptions,
  leadQuery,
  type PageOptions,
  pageOf,
  pageOptions,
} from '../command.ts';
import { json, pairs, table } from '../output.ts';

type ListOptions = LeadOptions & PageOptions & JsonOption;
type ShowOptions = JsonOption & { readonly reveal?: boolean };

/** `leads list` and `leads show`. */
export function addLeadCommands(program: Command, context: Context): void {
  const leads = groupOf(program, 'leads');

  pageOptions(leadOptions(leads.command('list')))
    .description('Lists leads, newest first, without personal data.')
    .option('--json', 'print JSON of a stable shape')
    .action((options: ListOptions) => listLeads(context, options));

  leads
    .command('show')
    .description('Shows one lead; its personal data is masked unless it is revealed.')
    .argument('<id>')
    .option('--reveal', 'show personal data in full; this leaves an audit entry')
    .option('--json', 'print JSON of a stable shape')
    .action((id: string, options: ShowOptions) => showLead(context, id, options));
}

async function listLeads({ io, actor, open }: Context, options: ListOptions): Promise<void> {
  const page = pageOf(options);
  const { operations } = await open();
  const { items, next } = await operations.listLeads(leadQuery(options), page, actor);
  if (options.json) {
    io.out(json({ items, ...(next !== undefined && { next }) }));
    return;
  }
  if (items.length === 0) io.err('No lead matches.\n');
  else {
    const head = ['ID', 'STATUS', 'CAUSE', 'SITE', 'PARTNER', 'PROVIDER', 'CALLS', 'STORED'];
    io.out(table(head, items.map(columnsOf)));
  }
  if (next !== undefined) io.err(`More: --after ${next}\n`);
}

function columnsOf(lead: LeadView): string[] {
  return [
    lead.id,
    [lead.status, lead.leased && 'being sent', lead.test && 'test'].filter(Boolean).join(', '),
    lead.cause ?? lead.reason ?? '',
    lead.site,
    lead.partner ?? '',
    lead.provider,
    String(lead.attempts),
    lead.createdAt,
  ];
}

async function showLead({ io, actor, open }: Context, id: string, options: ShowOptions): Promise<void> {
  const { operations } = await open();
  const lead = await operations.showLead(id, { actor, reveal: options.reveal === true });
  if (options.json) {
    io.out(json(lead));
    return;
  }
  io.out(pairs(rowsOf(lead)));
  const head = ['WHEN', 'EVENT', 'RESULT', 'HTTP', 'TOOK', 'NEXT TRY', 'BY', 'PROVIDER SAID'];
  io.out(`\n${table(head, lead.history.map(columnsOfEntry))}`);
}

function columnsOfEntry(entry: HistoryEntry): string[] {
  const columns = (event: string, ...rest: string[]): string[] => [entry.at, event, ...rest];
  switch (entry.event) {
    case 'attempt':
      return columns(
        `attempt ${entry.attempt}`,
        [entry.outcome, entry.cause].filter(Boolean).join(', '),
        String(entry.httpStatus ?? ''),
        entry.durationMs === undefined ? '' : `${entry.durationMs} ms`,
        entry.nextTryAt ?? '',
        '',
        entry.description ?? '',
      );
    case 'state':
      return columns('state', [entry.status, entry.cause ?? entry.reason].filter(Boolean).join(', '));
    case 'stored':
      return columns('stored');
    default:
      return columns(entry.event, '', '', '', '', entry.actor);
  }
}

function rowsOf(details: LeadDetailsView): [string, unknown][] {
  const { lead, description, revealed: _revealed, history: _history, ...state } = details;
  const rows: [string, unknown][] = Object.entries(state);
  const cause = Object.entries(CAUSES).find(([name]) => name === details.cause)?.[1];
  if (cause !== undefined) rows.push(['why', cause]);
  for (const [name, value] of Object.entries(lead ?? {})) {
    rows.push([name, typeof value === 'object' ? JSON.stringify(value) : value]);
  }
  if (!lead && !details.erased) rows.push(['lead', 'no DATA_KEY that is configured opens it']);
  rows.push(['provider said', description]);
  return rows;
}
