import type { RetryRules } from '../../../src/leads/delivery/policy.ts';
import type { Ledger } from './ledger.ts';

export type Row = { readonly id: string; readonly status: string; readonly cause: string | null };

/** Classes after which the provider may have the lead. */
const MAY_HAVE_ARRIVED: ReadonlySet<string> = new Set(['delivered', 'rejected', 'refused', 'unknown']);

/** The violations of the gateway's guarantees at the end of a simulation; empty if there are none. */
export function violationsOf(
  rows: readonly Row[],
  acknowledged: ReadonlyMap<number, string>,
  { calls, expiries, stored, violations }: Ledger,
  { scheduleS, unknown, resendMax }: RetryRules,
): string[] {
  const found = [...violations];
  const ids = new Set(rows.map(({ id }) => id));
  for (const [lead, id] of acknowledged) if (!ids.has(id)) found.push(`lead ${lead} was acknowledged and is not there`);
  if (new Set(stored.values()).size !== rows.length) found.push('a lead is stored twice, or was never accepted');
  for (const row of rows) {
    const number = stored.get(row.id);
    const outcomes = calls.filter(({ lead }) => lead === number).map(({ outcome }) => outcome);
    const arrived = outcomes.filter((outcome) => MAY_HAVE_ARRIVED.has(outcome)).length;
    const most = unknown === 'hold' ? 1 : 1 + resendMax;
    if (arrived > most) found.push(`lead ${number} may have arrived ${arrived} times`);
    // A lead that waited for valid credentials is released with the others, whatever its place in the schedule.
    const own = outcomes.filter((outcome) => outcome !== 'credentials').length;
    if (own > scheduleS.length + 1) found.push(`lead ${number} was called for ${own} times`);
    const expired = expiries.get(row.id) ?? 0;
    const unknowns = expired + count(outcomes, 'unknown');
    const usedUp = outcomes.length + expired > scheduleS.length;
    if (!explained(row, outcomes, { unknowns, most, usedUp })) {
      found.push(`lead ${number} is ${row.status} (${row.cause}) after ${outcomes.join(', ') || 'no call'}`);
    }
  }
  return found;
}

/** `unknowns`: calls with an unknown outcome; `most`: their maximum; `usedUp`: the retry schedule has no step left. */
type History = { readonly unknowns: number; readonly most: number; readonly usedUp: boolean };

function explained({ status, cause }: Row, outcomes: readonly string[], { unknowns, most, usedUp }: History): boolean {
  switch (status) {
    case 'delivered':
    case 'rejected':
      return outcomes.includes(status);
    case 'unknown':
      return unknowns >= most || (unknowns > 0 && usedUp);
    case 'parked':
      return (
        (cause === 'schedule' && unknowns === 0 && usedUp) || (cause === 'refused' && outcomes.includes('refused'))
      );
    default:
      return false;
  }
}

function count(outcomes: readonly string[], wanted: string): number {
  return outcomes.filter((outcome) => outcome === wanted).length;
}
