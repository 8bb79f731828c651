import { defined } from '../../conversation/defined.ts';
import type { ConsentView } from '../../ops/operations/views.ts';
import { text } from '../arguments.ts';
import { type Command, EXIT, Misuse } from '../command.ts';
import { csvLine } from '../csv.ts';
import { LEAD_OPTIONS, leadQuery } from '../lead-options.ts';
import { json } from '../print.ts';

const PAGE = 500;
const COLUMNS = ['id', 'site', 'at', 'text', 'version', 'pageUrl', 'origin'] as const;

const FORMATS: Readonly<Record<string, { head: string; line: (consent: ConsentView) => string }>> = {
  jsonl: { head: '', line: json },
  csv: { head: csvLine(COLUMNS), line: (consent) => csvLine(COLUMNS.map((column) => consent[column])) },
};

export const consentExport: Command = {
  name: 'consent export',
  summary: 'Writes out which consent came with which lead, oldest first; this leaves an audit entry.',
  options: {
    ...(defined({
      site: LEAD_OPTIONS.site,
      since: LEAD_OPTIONS.since,
      until: LEAD_OPTIONS.until,
    }) as Command['options']),
    format: { type: 'string', value: 'FORMAT', help: 'jsonl (unless told), or csv for spreadsheets' },
  },
  notes: 'Leads whose personal data is gone are not in it. --json is --format jsonl.',
  async run({ values, json: asJson, io, actor, open }) {
    const format = FORMATS[text(values, 'format') ?? 'jsonl'];
    if (!format || (asJson && format !== FORMATS.jsonl))
      throw new Misuse('--format is jsonl or csv, and --json is jsonl');
    const { operations } = await open();
    const query = leadQuery(values);
    io.out(format.head);
    let after: string | undefined;
    do {
      const page = await operations.consents(query, defined({ limit: PAGE, after }), actor);
      io.out(page.items.map(format.line).join(''));
      after = page.next;
    } while (after !== undefined);
    return EXIT.ok;
  },
};
