import { open as openFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { OperationError } from '../../admin/operations/input.ts';
import { keyHashBytes } from '../../config/formats/formats.ts';
import { loadSettings } from '../../config/load.ts';
import { createFileSigner, dayFile, readDay } from '../../leads/reconciliation.ts';
import { DAY_MS } from '../../lib/clock.ts';
import { type Context, type JsonOption, text, UsageError } from '../command.ts';
import { plural } from '../output.ts';

type ReconcileOptions = JsonOption & {
  readonly partner?: string;
  readonly date?: string;
  readonly csv?: boolean;
  readonly out?: string;
};

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
  const day = readDay(date);
  if (day === undefined) throw new UsageError('--date is a day such as 2026-11-28');
  if (day > io.now()) throw new UsageError(`--date ${date} is in the future`);
  const partner = loadSettings(io.env).partners.get(name) ?? (await storedPartner(name, open));
  if (!partner) throw new UsageError(`--partner ${name} is no partner, neither in CONFIG_FILE nor in the store`);
  const signer = createFileSigner(partner.keyHashes);
  const format = options.csv ? 'csv' : 'jsonl';
  const { store } = await open();
  const file = options.out === undefined ? undefined : await openFile(options.out, 'w');
  let count = 0;
  try {
    for await (const { text, leads } of dayFile(store, { partner: partner.id, day, test: false, format })) {
      signer.add(text);
      if (file) await file.write(text);
      else io.out(text);
      count += leads;
    }
  } finally {
    await file?.close();
  }
  const signature = signer
    .signatures()
    .map((one) => `${one}\n`)
    .join('');
  if (options.out === undefined) io.err(signature);
  else {
    await writeFile(`${options.out}.sig`, signature);
    io.err(`${plural(count, 'lead')} written to ${options.out}, the signature to ${options.out}.sig.\n`);
  }
  if (day + DAY_MS > io.now()) io.err('The day is not over; leads may follow.\n');
}
