import { createHmac } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';
import type { PartnerRecord, PartnerRecords } from '../domain/ports/lead-records.ts';
import { DAY_MS } from '../lib/clock.ts';
import { csvLine } from '../lib/csv.ts';
import { printable } from '../lib/text.ts';
import { defined } from '../lib/values.ts';

/** Lines of JSON, or CSV for spreadsheets. */
export const FILE_FORMATS = ['jsonl', 'csv'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** What became of the leads that a partner sent on one day. */
export type DayFile = {
  readonly partner: string;
  /** First millisecond of the day (UTC) on which the leads were stored. */
  readonly day: number;
  /** Test leads alone, or none of them. */
  readonly test: boolean;
  readonly format: FileFormat;
};

/** Leads that are read from the store at once: the memory that a file takes, however long it is. */
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

/** The first millisecond of a day such as `2026-11-28` in UTC; `undefined` for what is no date of the calendar. */
export function readDay(date: string): number | undefined {
  const day = /^\d{4}-\d\d-\d\d$/.test(date) ? new Date(`${date}T00:00:00Z`) : new Date(Number.NaN);
  return Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date) ? undefined : day.getTime();
}

/**
 * The file of a day in parts, newest lead first, each with how many leads it has. A part is read when it is asked for, and other work
 * of the process is done between two. Rejects with `StorageUnavailable`.
 */
export async function* dayFile(
  store: PartnerRecords,
  { partner, day, test, format }: DayFile,
  limit = PAGE,
): AsyncGenerator<{ readonly text: string; readonly leads: number }> {
  const filter = { partner, test, since: day, until: day + DAY_MS };
  const write = format === 'csv' ? csvOf : jsonOf;
  let head = format === 'csv' ? csvLine(COLUMNS) : '';
  let after: string | undefined;
  do {
    const { items, next } = await store.listOfPartner(filter, defined({ limit, after }));
    const text = `${head}${items.map(write).join('')}`;
    if (text !== '') yield { text, leads: items.length };
    head = '';
    after = next;
    if (after !== undefined) await otherWork();
  } while (after !== undefined);
}

/** Signs a file part by part: `v1,` and an HMAC-SHA-256 of all its bytes for each key of the partner, whose hash is the HMAC's key. */
export function createFileSigner(keyHashes: readonly Uint8Array[]) {
  const macs = keyHashes.map((key) => createHmac('sha256', key));
  return {
    add(text: string): void {
      for (const mac of macs) mac.update(text);
    },
    signatures: (): string[] => macs.map((mac) => `v1,${mac.digest('base64')}`),
  };
}

/**
 * The file of a day with its signatures as the last line, so that one stream has both: a file without that line is not complete.
 * The signatures are of all bytes before it.
 */
export async function* signedDayFile(
  store: PartnerRecords,
  file: DayFile,
  keyHashes: readonly Uint8Array[],
  limit = PAGE,
): AsyncGenerator<string> {
  const signer = createFileSigner(keyHashes);
  let leads = 0;
  for await (const part of dayFile(store, file, limit)) {
    signer.add(part.text);
    leads += part.leads;
    yield part.text;
  }
  const signatures = signer.signatures();
  if (file.format === 'jsonl') yield `${JSON.stringify({ leads, signatures })}\n`;
  else for (const one of signatures) yield csvLine(COLUMNS.map((_, at) => ['', 'signature', one][at]));
}

/**
 * `certainty` says how sure the outcome is: `confirmed` by an answer, `may_have_arrived` where a call ended without a readable
 * answer and no Success followed, `open` where no call can have arrived and there is no outcome yet.
 */
function lineOf({
  test,
  reference,
  id,
  status,
  reason,
  attempts,
  createdAt,
  updatedAt,
  mayHaveArrived,
}: PartnerRecord) {
  const final = status === 'delivered' || status === 'rejected';
  const doubtful = status !== 'delivered' && (mayHaveArrived || status === 'unknown');
  return defined({
    reference,
    id,
    test,
    outcome: status,
    reason: status === 'rejected' ? (reason ?? 'other') : undefined,
    certainty: doubtful ? 'may_have_arrived' : final ? 'confirmed' : 'open',
    final,
    attempts,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  });
}

function jsonOf(record: PartnerRecord): string {
  return `${printable(JSON.stringify(lineOf(record)))}\n`;
}

function csvOf(record: PartnerRecord): string {
  const line: Readonly<Partial<Record<string, string | number | boolean>>> = lineOf(record);
  return csvLine(COLUMNS.map((column) => line[column]?.toString()));
}
