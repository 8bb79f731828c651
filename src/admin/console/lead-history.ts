import { html } from 'ghtml';
import type { HistoryEntry } from '../operations/history.ts';
import { age, badge, table } from './layout.ts';

/** The history of a lead as a table, oldest first. */
export function historyTable(history: readonly HistoryEntry[], now: number): string {
  return table(
    'History',
    ['when', 'event', 'result', 'HTTP', 'took', 'next try', 'by', 'provider’s words'],
    history.map((entry) => [age(entry.at, now), ...cellsOf(entry, now)]),
    'Nothing is known of this lead.',
  );
}

/** The cells after the time. */
function cellsOf(entry: HistoryEntry, now: number): string[] {
  switch (entry.event) {
    case 'stored':
      return ['stored', '', '', '', '', '', ''];
    case 'attempt':
      return [
        html`attempt ${String(entry.attempt)}`,
        html`${entry.outcome}${entry.cause === undefined ? '' : `: ${entry.cause}`}`,
        html`${String(entry.httpStatus ?? '')}`,
        html`${entry.durationMs === undefined ? '' : `${entry.durationMs} ms`}`,
        entry.nextTryAt === undefined ? '' : age(entry.nextTryAt, now),
        '',
        html`${entry.description ?? ''}`,
      ];
    case 'state':
      return ['state', html`!${badge(entry.status)} ${entry.cause ?? entry.reason ?? ''}`, '', '', '', '', ''];
    default:
      return [html`${entry.event}`, '', '', '', '', html`${entry.actor}`, ''];
  }
}
