import type { AttemptFacts, Lease, Settlement } from '../domain/ports/delivery-queue.ts';
import type { PastAttempt } from '../domain/ports/lead-records.ts';
import { defined } from '../lib/defined.ts';
import { type Row, readSealed } from './rows.ts';
import type { SealFormat, Vault } from './vault.ts';

/** What is written of an attempt, besides its time and its next try. */
export type AttemptRow = {
  readonly id: string;
  readonly number: number;
  readonly facts: AttemptFacts;
  /** The provider's own words about this attempt, sealed. */
  readonly words: Buffer | null;
};

/**
 * The attempt that a settlement adds to the lead's history; `undefined` for none. The delivery of a lead by its first call adds
 * none: nearly all leads end so, and their conversation says all of it.
 */
export function toAttemptRow(
  { id, attempts }: Lease,
  { status, facts, description }: Settlement,
  vault: Vault,
  format?: SealFormat,
): AttemptRow | undefined {
  if (facts === undefined || (status === 'delivered' && attempts === 0)) return undefined;
  // The columns hold whole numbers.
  const { durationMs } = facts;
  const rounded = durationMs === undefined ? facts : { ...facts, durationMs: Math.round(durationMs) };
  const words = description === undefined ? null : vault.sealText(id, 'attempt', description, format);
  return { id, number: attempts + 1, facts: rounded, words };
}

/** @param row with number, at, outcome, cause, http_status, duration_ms, due_at and description */
export function toPastAttempt(row: Row, id: string, vault: Vault): PastAttempt {
  return defined({
    number: row.number as number,
    at: row.at as number,
    outcome: row.outcome as PastAttempt['outcome'],
    cause: (row.cause as string | null) ?? undefined,
    httpStatus: (row.http_status as number | null) ?? undefined,
    durationMs: (row.duration_ms as number | null) ?? undefined,
    dueAt: (row.due_at as number | null) ?? undefined,
    description: readSealed(row.description, (data) => vault.openText(id, 'attempt', data)),
  });
}
