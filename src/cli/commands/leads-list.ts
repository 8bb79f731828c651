import { defined } from '../../conversation/defined.ts';
import { count, text } from '../arguments.ts';
import { type Command, EXIT } from '../command.ts';
import { LEAD_OPTIONS, leadQuery } from '../lead-options.ts';
import { json, table } from '../print.ts';

const MAX = 1_000;

export const leadsList: Command = {
  name: 'leads list',
  summary: 'Lists leads, newest first, without personal data.',
  options: {
    ...LEAD_OPTIONS,
    limit: { type: 'string', value: 'N', help: `how many, 50 unless told, ${MAX} at most` },
    after: { type: 'string', value: 'CURSOR', help: 'the page after that of this cursor' },
  },
  async run({ values, json: asJson, io, open }) {
    const page = defined({ limit: count(values, 'limit', 50, MAX), after: text(values, 'after') });
    const { operations } = await open();
    const { items, next } = await operations.listLeads(leadQuery(values), page);
    if (asJson) {
      io.out(json({ items, ...(next !== undefined && { next }) }));
      return EXIT.ok;
    }
    if (items.length === 0) io.err('No lead matches.\n');
    else {
      const rows = items.map((lead) => [
        lead.id,
        lead.leased ? `${lead.status}, being sent` : lead.status,
        lead.cause ?? lead.reason ?? '',
        lead.site,
        lead.partner ?? '',
        lead.provider,
        String(lead.attempts),
        lead.createdAt,
      ]);
      io.out(table(['ID', 'STATUS', 'CAUSE', 'SITE', 'PARTNER', 'PROVIDER', 'CALLS', 'STORED'], rows));
    }
    if (next !== undefined) io.err(`More: --after ${next}\n`);
    return EXIT.ok;
  },
};
