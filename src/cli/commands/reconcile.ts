import { createHmac } from 'node:crypto';
import { open as openFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { OperationError } from '../../admin/operations/input.ts';
import { keyHashBytes } from '../../config/formats/formats.ts';
import { loadSettings } from '../../config/load.ts';
import type { PartnerFilter, PartnerRecord, PartnerRecords } from '../../domain/ports/lead-records.ts';
import { DAY_MS } from '../../lib/clock.ts';
import { defined } from '../../lib/values.ts';
import { type Context, type JsonOption, text, UsageError } from '../command.ts';
import { csvLine, json, plural } from '../output.ts';

type ReconcileOptions = JsonOption & {
  readonly partner?: string;
  readonly date?: string;
  readonly csv?: boolean;
  readonly out?: string;
};

const PAGE = 500;
const COLUMNS = [
  'reference',
  'id',
  'outcome',
  'reason',
  'certainty',
  'final',
  'attempts',
  'createdAt',
  'updatedAt',
] as const;

/** `reconcile`: what became of the leads that a partner sent on one day. */
export function addReconcileCommand(program: Command, context: Context): void {
  program
    .command('reconcile')
    .description(
      'Writes what became of each lead that a partner sent on one day (UTC), newest first, with a signature. Test leads are left out.',
    )
    .option('--partner <id>', 'the partner', text('partner'))
    .option('--date <date>', 'the day on which the leads were stored: 2026-11-28', text('date'))
    .option('--csv', 'CSV for spreadsheets')
    .option('--json', 'lines of JSON, which is the default')
    .option('--out <file>', 'write to this file, and the signature to the same name with .sig', text('out'))
    .addHelpText(
      'after',
      '\nThe signature has a line "v1,<base64>" for each key of the partner: HMAC-SHA-256 of all bytes, with the SHA-256 of the key\n' +
        'as its key. Without --out it is written to standard error.',
    )
    .action((options: ReconcileOptions) => reconcile(context, options));
}

/** A partner of the store, with the hashes of its keys. */
async function storedPartner(id: string, open: Context['open']) {
  const { entries } = await open();
  try {
    const { keys } = (await entries.show('partner', id)).content as { readonly keys: readonly string[] };
    return { id, keyHashes: keys.map(keyHashBytes) };
  } catch (error) {
    if (error instanceof OperationError && error.code === 'not_found') return undefined;
    throw error;
  }
}

async function reconcile({ io, open }: Context, options: ReconcileOptions): Promise<void> {
  if (options.csv && options.json) throw new UsageError('Give --csv or --json, not both');
  const { partner: name, date } = options;
  // commander would ask for a missing option before it names an unknown one.
  if (name === undefined || date === undefined) throw new UsageError('Give --partner and --date');
  const since = readDay(date);
  if (since > io.now()) throw new UsageError(`--date ${date} is in the future`);
  const partner = loadSettings(io.env).partners.get(name) ?? (await storedPartner(name, open));
  if (!partner) throw new UsageError(`--partner ${name} is no partner, neither in CONFIG_FILE nor in the store`);
  const macs = partner.keyHashes.map((key) => createHmac('sha256', key));
  const { store } = await open();
  const file = options.out === undefined ? undefined : await openFile(options.out, 'w');
  const write = async (part: string): Promise<void> => {
    for (const mac of macs) mac.update(part);
    if (file) await file.write(part);
    else io.out(part);
  };
  let count = 0;
  try {
    if (options.csv) await write(csvLine(COLUMNS));
    for await (const items of pagesOf(store, { partner: partner.id, test: false, since, until: since + DAY_MS })) {
      await write(items.map((item) => (options.csv ? csvOf(item) : json(lineOf(item)))).join(''));
      count += items.length;
    }
  } finally {
    await file?.close();
  }
  const signature = macs.map((mac) => `v1,${mac.digest('base64')}\n`).join('');
  if (options.out === undefined) io.err(signature);
  else {
    await writeFile(`${options.out}.sig`, signature);
    io.err(`${plural(count, 'lead')} written to ${options.out}, the signature to ${options.out}.sig.\n`);
  }
  if (since + DAY_MS > io.now()) io.err('The day is not over; leads may follow.\n');
}

async function* pagesOf(store: PartnerRecords, filter: PartnerFilter): AsyncGenerator<readonly PartnerRecord[]> {
  let after: string | undefined;
  do {
    const page = await store.listOfPartner(filter, defined({ limit: PAGE, after }));
    yield page.items;
    after = page.next;
  } while (after !== undefined);
}

/** @throws UsageError for what is no date of the calendar */
function readDay(date: string): number {
  const day = /^\d{4}-\d\d-\d\d$/.test(date) ? new Date(`${date}T00:00:00Z`) : new Date(Number.NaN);
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) {
    throw new UsageError('--date is a day such as 2026-11-28');
  }
  return day.getTime();
}

/**
 * `certainty` says how sure the outcome is: `confirmed` by an answer, `may_have_arrived` where a call ended without a readable
 * answer and no Success followed, `open` where no call can have arrived and there is no outcome yet.
 */
function lineOf({ reference, id, status, reason, attempts, createdAt, updatedAt, mayHaveArrived }: PartnerRecord) {
  const final = status === 'delivered' || status === 'rejected';
  const doubtful = status !== 'delivered' && (mayHaveArrived || status === 'unknown');
  return defined({
    reference,
    id,
    outcome: status,
    reason: status === 'rejected' ? (reason ?? 'other') : undefined,
    certainty: doubtful ? 'may_have_arrived' : final ? 'confirmed' : 'open',
    final,
    attempts,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  });
}

function csvOf(record: PartnerRecord): string {
  const line: Readonly<Partial<Record<string, string | number | boolean>>> = lineOf(record);
  return csvLine(COLUMNS.map((column) => line[column]?.toString()));
}
