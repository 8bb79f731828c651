import { html } from 'ghtml';
import type { MinuteCount } from '../../domain/ports/activity-store.ts';

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
  for (const { minute, kind, count } of counts) {
    const bar = found[length - 1 - (last - Math.floor(minute / minutesPerBar))];
    bar?.set(kind, (bar.get(kind) ?? 0) + count);
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
  const rects = columns.flatMap((bar, at) => {
    let y = HEIGHT;
    return SERIES.flatMap(([kind]) => {
      const count = bar.get(kind) ?? 0;
      if (count === 0) return [];
      const height = count * scale;
      y -= height;
      return `<rect class="s-${kind}" x="${(at * step).toFixed(1)}" y="${y.toFixed(1)}" width="${(step - GAP).toFixed(1)}" height="${height.toFixed(1)}"/>`;
    });
  });
  const minutes = span.bars * span.minutesPerBar;
  const from = minutes === 60 ? '60 minutes ago' : '24 hours ago';
  const peak = `${most} in ${span.minutesPerBar === 1 ? 'a minute' : `${span.minutesPerBar} minutes`}`;
  return html`<figure class="chart">
    <figcaption>${label} <span class="soft">${String(all)} calls, at most ${peak}</span></figcaption>
    <svg viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" preserveAspectRatio="none" role="img" aria-label="${label}: ${String(all)} calls, at most ${peak}">!${rects}</svg>
    <div class="axis soft"><span>${from}</span><span>now</span></div>
  </figure>`;
}

/** The colours of the series, with their names. */
export function legend(): string {
  const items = SERIES.map(([kind, name]) => html`<li><span class="key s-${kind}"></span>${name}</li>`);
  return html`<ul class="legend">!${items}</ul>`;
}
