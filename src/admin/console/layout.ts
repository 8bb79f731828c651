import { html } from 'ghtml';
import type { Principal } from '../api/roles.ts';
import { duration } from '../health.ts';

/** What every page of the console needs. */
export type Frame = {
  readonly title: string;
  /** Path of the page in the navigation. */
  readonly at: string;
  /** `undefined` on the log-in page. */
  readonly principal: Principal | undefined;
  /** Text that every form carries. */
  readonly formToken: string;
  /** A message about what was just done. */
  readonly notice?: string | undefined;
  /** Whether the page follows changes while it is open. */
  readonly live?: boolean;
  /** Seconds after which a page without a script loads itself anew. */
  readonly reloadAfterS?: number;
};

export const BASE = '/console';

const NAVIGATION = [
  ['', 'Overview'],
  ['/leads', 'Leads'],
  ['/sites', 'Sites'],
  ['/providers', 'Providers'],
  ['/suppressions', 'Suppressions'],
  ['/audit', 'Audit'],
  ['/configuration', 'Configuration'],
  ['/runbook', 'Runbook'],
] as const;

/** Renders a page. `content` is HTML that its makers have escaped. */
export function page({ title, at, principal, formToken, notice, live, reloadAfterS }: Frame, content: string): string {
  const links = NAVIGATION.map(
    ([path, name]) => html`<li><a href="${BASE + path}" !${at === path ? 'aria-current="page"' : ''}>${name}</a></li>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
!${reloadAfterS === undefined ? '' : html`<noscript><meta http-equiv="refresh" content="${String(reloadAfterS)}"></noscript>`}
<title>${title} · Text Connect Gateway</title>
<link rel="icon" type="image/svg+xml" href="${BASE}/assets/icon.svg">
<link rel="stylesheet" href="${BASE}/assets/style.css">
<script type="module" src="${BASE}/assets/script.js"></script>
</head>
<body !${live ? 'data-live' : ''} !${reloadAfterS === undefined ? '' : html`data-reload-s="${String(reloadAfterS)}"`}>
<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="brand" href="${BASE}"><img src="${BASE}/assets/icon.svg" alt="" width="24" height="24"> Text Connect Gateway</a>
!${
    principal
      ? html`<nav aria-label="Pages"><ul>!${links}</ul></nav>
<form class="who" method="post" action="${BASE}/logout">!${hidden(formToken)}<span>${principal.name} <span class="soft">(${principal.role})</span></span><button class="quiet">Log out</button></form>`
      : ''
  }
</header>
<main id="main" tabindex="-1">
!${notice === undefined ? '' : html`<p class="notice" role="status">${notice}</p>`}
!${content}
</main>
</body>
</html>
`;
}

/** The hidden field that proves that a form is one of the console. */
export function hidden(formToken: string): string {
  return html`<input type="hidden" name="formToken" value="${formToken}">`;
}

/** A word with a capital letter. */
export function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** A word in the colour of its meaning: that of the status, unless `tone` names another. */
export function badge(word: string, tone = word): string {
  return html`<span class="badge b-${tone.replaceAll(' ', '-')}">${word}</span>`;
}

/** The state of a circuit breaker. */
export function breaker(state: string): string {
  return state === 'closed' ? 'closed' : badge(state.replace('_', ' '), state === 'open' ? 'bad' : 'worry');
}

/** A time as its age, with the exact time as a tooltip. */
export function age(time: string | undefined, now: number): string {
  if (time === undefined) return '<span class="soft">–</span>';
  const seconds = (now - Date.parse(time)) / 1_000;
  const text = seconds >= 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
  return html`<time datetime="${time}" title="${time}">${text}</time>`;
}

/** A time of a history, where what happened within a minute has an order: the time of the day, and its age. UTC. */
export function moment(time: string, now: number): string {
  const today = new Date(now).toISOString().slice(0, 10);
  const [date = '', clock = ''] = time.split('T');
  const text = `${date === today ? '' : `${date} `}${clock.slice(0, 8)}`;
  return html`${text} <span class="soft">!${age(time, now)}</span>`;
}

/** A number with thin groups of three digits. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** A link into the runbook that is delivered with the program. */
export function runbook(section: string): string {
  return html`<a class="runbook" href="${BASE}/runbook#${section}">Runbook</a>`;
}

/** A table that scrolls by itself on narrow screens. `rows` are cells of escaped HTML. */
export function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  empty: string,
): string {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const head = heads.map((name) => html`<th scope="col">${capital(name)}</th>`);
  const body = rows.map(
    (cells) => html`<tr>!${cells.map((cell, at) => html`<td data-label="${heads[at] ?? ''}">!${cell}</td>`)}</tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption class="hidden">${caption}</caption><thead><tr>!${head}</tr></thead><tbody>!${body}</tbody></table></div>`;
}
