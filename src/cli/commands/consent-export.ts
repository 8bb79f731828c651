import { defined } from '../../conversation/defined.ts';
import type { ConsentView } from '../../ops/operations/views.ts';
import { text } from '../arguments.ts';
import { type Command, EXIT, Misuse } from '../command.ts';
import { csvLine } from '../csv.ts';
import { LEAD_OPTIONS, leadQuery } from '../lead-options.ts';
import { json, plural } from '../print.ts';

const PAGE = 500;
const COLUMNS = ['id', 'site', 'at', 'text', 'version', 'pageUrl', 'origin', 'unreadable'] as const;

const FORMATS: Readonly<Record<string, { head: string; line: (consent: ConsentView) => string }>> = {
  jsonl: { head: '', line: json },
  csv: { head: csvLine(COLUMNS), line: (consent) => csvLine(COLUMNS.map((column) => consent[column]?.toString())) },
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
  notes:
    'Leads whose personal data is gone are not in it. One that no configured key opens is in it as unreadable, and then the exit code is 1. ' +
    '--json is --format jsonl.',
  async run({ values, json: asJson, io, actor, open }) {
    const format = FORMATS[text(values, 'format') ?? 'jsonl'];
    if (!format || (asJson && format !== FORMATS.jsonl))
      throw new Misuse('--format is jsonl or csv, and --json is jsonl');
    const { operations } = await open();
    const query = leadQuery(values);
    io.out(format.head);
    let unreadable = 0;
    let after: string | undefined;
    do {
      const page = await operations.consents(query, defined({ limit: PAGE, after }), actor);
      io.out(page.items.map(format.line).join(''));
      unreadable += page.items.filter((consent) => consent.unreadable).length;
      after = page.next;
    } while (after !== undefined);
    if (unreadable === 0) return EXIT.ok;
    io.err(
      `${plural(unreadable, 'lead')} cannot be read: the key that sealed what came with it is in neither DATA_KEY nor DATA_KEY_PREVIOUS.\n`,
    );
    return EXIT.failed;
  },
};
