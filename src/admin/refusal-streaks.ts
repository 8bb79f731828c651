import type { AttemptReport } from '../leads/delivery/attempt.ts';

/**
 * So many leads of one account that the provider refused in a row, for other reasons than their own data, are no longer single
 * odd leads: the account, its contract or the format of the document is at fault, and every further lead will be parked.
 */
export const REFUSALS_TO_ALERT = 5;

/**
 * Counts the leads of each account that the provider refused in a row, in this process. Only an answer that shows that the
 * account works (a delivery, or a rejection for the lead's own data) ends a row: a lost connection says nothing of it.
 */
export interface RefusalStreaks {
  /** Notes the outcome of an attempt. Gives `begun` for the refusal that makes the row long enough for an alert, and `ended`. */
  note(report: Pick<AttemptReport, 'lead' | 'lease' | 'answer'>): 'begun' | 'ended' | undefined;
  /** The length of the row of each account that has one. */
  counts(): ReadonlyMap<string, number>;
}

export function createRefusalStreaks(): RefusalStreaks {
  const streaks = new Map<string, { count: number; readonly first: Set<string> }>();
  return {
    note({ lead: { provider }, lease, answer }) {
      if (answer.uncalled) return undefined;
      const { class: outcome } = answer.outcome;
      if (outcome === 'delivered' || outcome === 'rejected') {
        const count = streaks.get(provider)?.count ?? 0;
        streaks.delete(provider);
        return count >= REFUSALS_TO_ALERT ? 'ended' : undefined;
      }
      if (outcome !== 'refused') return undefined;
      const streak = streaks.get(provider) ?? { count: 0, first: new Set() };
      // A lead that an operator releases again and again is one lead. Once the alert is raised it no longer matters which.
      if (streak.first.has(lease.id)) return undefined;
      if (streak.first.size < REFUSALS_TO_ALERT) streak.first.add(lease.id);
      streak.count += 1;
      streaks.set(provider, streak);
      return streak.count === REFUSALS_TO_ALERT ? 'begun' : undefined;
    },
    counts: () => new Map([...streaks].map(([provider, { count }]) => [provider, count])),
  };
}
