import { html } from 'ghtml';
import type { MinuteCount } from '../../domain/ports/activity-store.ts';
import { count } from './layout.ts';

/** A span of time on the chart: so many bars of so many minutes. */
export type Span = { readonly bars: number; readonly minutesPerBar: number };

export const LAST_HOUR: Span = { bars: 60, minutesPerBar: 1 };
export const LAST_DAY: Span = { bars: 96, minutesPerBar: 15 };

/** The series of the chart from the bottom up: good outcomes first, so that trouble grows on top. */
export const SERIES = [
  ['delivered', 'delivered'],
  ['rejected', 'rejected'],
  ['not_sent', 'not sent'],
  ['unknown', 'unknown'],
  ['refused', 'refused'],
  ['credentials', 'credentials refused'],
] as const;

const [WIDTH, HEIGHT, GAP] = [960, 160, 1];

/** Adds the counts up by bar and outcome; the last bar holds `now` (milliseconds since the epoch). */
export function bars(
  counts: readonly MinuteCount[],
  { bars: length, minutesPerBar }: Span,
  now: number,
): Map<string, number>[] {
  const last = Math.floor(now / 60_000 / minutesPerBar);
  const found = Array.from({ length }, () => new Map<string, number>());
  for (const { minute, kind, count: n } of counts) {
    const bar = found[length - 1 - (last - Math.floor(minute / minutesPerBar))];
    bar?.set(kind, (bar.get(kind) ?? 0) + n);
  }
  return found;
}

/** A stacked bar chart of the outcomes as SVG, with a description for screen readers. */
export function chart(counts: readonly MinuteCount[], span: Span, now: number, label: string): string {
  const columns = bars(counts, span, now);
  const totals = columns.map((bar) => SERIES.reduce((sum, [kind]) => sum + (bar.get(kind) ?? 0), 0));
  const most = Math.max(...totals);
  const all = totals.reduce((sum, one) => sum + one, 0);
  const step = WIDTH / span.bars;
  const scale = HEIGHT / Math.max(1, most);
  const groups = columns.map((bar, at) => {
    let y = HEIGHT;
    const rects = SERIES.flatMap(([kind]) => {
      const calls = bar.get(kind) ?? 0;
      if (calls === 0) return [];
      const height = calls * scale;
      y -= height;
      return `<rect class="s-${kind}" x="${(at * step).toFixed(1)}" y="${y.toFixed(1)}" width="${(step - GAP).toFixed(1)}" height="${height.toFixed(1)}"/>`;
    });
    return rects.length === 0 ? '' : html`<g><title>${said(bar, beginOf(at, span, now))}</title>!${rects}</g>`;
  });
  const minutes = span.bars * span.minutesPerBar;
  const from = minutes === 60 ? '60 minutes ago' : '24 hours ago';
  const peak = `${count(most)} in ${span.minutesPerBar === 1 ? 'a minute' : `${span.minutesPerBar} minutes`}`;
  const sum = all === 0 ? 'no call' : `${count(all)} calls, at most ${peak}`;
  return html`<figure class="chart">
    <figcaption>${label} <span class="soft">${sum}</span></figcaption>
    <div class="plot"><svg viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" preserveAspectRatio="none" role="img" aria-label="${label}: ${sum}">!${groups}</svg>!${all === 0 ? '' : html`<span class="most soft" aria-hidden="true">${count(most)}</span>`}</div>
    <div class="axis soft"><span>${from}</span><span>now</span></div>
  </figure>`;
}

/** When a bar begins, in milliseconds since the epoch. */
function beginOf(at: number, { bars: length, minutesPerBar }: Span, now: number): number {
  const last = Math.floor(now / 60_000 / minutesPerBar);
  return (last - (length - 1 - at)) * minutesPerBar * 60_000;
}

/** What a bar shows, in words. */
function said(bar: ReadonlyMap<string, number>, beginsAt: number): string {
  const parts = SERIES.flatMap(([kind, name]) => (bar.has(kind) ? `${count(bar.get(kind) ?? 0)} ${name}` : []));
  return `${new Date(beginsAt).toISOString().slice(11, 16)} UTC: ${parts.join(', ')}`;
}

/** The colours of the series, with their names. */
export function legend(): string {
  const items = SERIES.map(([kind, name]) => html`<li><span class="key s-${kind}"></span>${name}</li>`);
  return html`<ul class="legend">!${items}</ul>`;
}
