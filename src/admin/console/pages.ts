import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { html } from 'ghtml';
import { Marked } from 'marked';
import type { Page, SuppressionView } from '../operations/operations.ts';
import type { AuditView } from '../operations/views.ts';
import { age, BASE, badge, breaker, count, hidden, runbook, table } from './layout.ts';

/** The log-in page. */
export function loginPage(problem: string | undefined): string {
  return html`<section class="login"><h1>Log in</h1>
!${problem === undefined ? '' : html`<p class="notice warn" role="alert">${problem}</p>`}
<form method="post" action="${BASE}/login"><label>Token<input type="password" name="token" autocomplete="current-password" required autofocus></label><button class="primary">Log in</button></form>
<p class="soft">Use your operator's token, or ADMIN_TOKEN. <code>npm run -s gateway -- keys new --operator NAME</code> makes one.</p></section>`;
}

type ProviderView = {
  readonly id: string;
  readonly region: string;
  readonly endpoint: string;
  readonly refusedInARow: number;
  readonly parkedAt?: string | undefined;
  readonly probeAt?: string | undefined;
};

/** The provider accounts, and what can be done about a parked one. */
export function providersPage(
  providers: readonly ProviderView[],
  breakers: ReadonlyMap<string, string>,
  { formToken, now, mayAct }: { formToken: string; now: number; mayAct: boolean },
): string {
  const rows = providers.map(({ id, region, endpoint, refusedInARow, parkedAt, probeAt }) => [
    html`<a href="${BASE}/leads?provider=${encodeURIComponent(id)}">${id}</a>`,
    html`${region}`,
    html`<code>${endpoint}</code>`,
    parkedAt === undefined
      ? badge('in use')
      : html`!${badge('parked')} !${age(parkedAt, now)}, probe !${age(probeAt, now)}`,
    breaker(breakers.get(endpoint) ?? 'closed'),
    refusedInARow === 0 ? '–' : count(refusedInARow),
    parkedAt !== undefined && mayAct
      ? html`<form method="post" action="${BASE}/providers/${encodeURIComponent(id)}/release">!${hidden(formToken)}<button>Release</button></form>`
      : '',
  ]);
  return html`<h1>Providers</h1><p class="soft">An account is parked after three leads in a row whose credentials the provider refused. A valid password in its file releases it. An open breaker means that its endpoint is unreachable from this process. !${runbook('the-provider-refuses-our-credentials')}</p>
<div data-live-part>!${table('Provider accounts', ['account', 'region', 'endpoint', 'state', 'breaker', 'refused in a row', 'action'], rows, 'No account is configured.')}</div>`;
}

/** The suppression list, and erasure by number. */
export function suppressionsPage(
  { items, next }: Page<SuppressionView>,
  { formToken, now, mayAct }: { formToken: string; now: number; mayAct: boolean },
): string {
  const rows = items.map(({ hash, createdAt }) => [html`<code>${hash.slice(0, 16)}…</code>`, age(createdAt, now)]);
  const phone = html`<label>Phone<input name="phone" placeholder="+14045551212" autocomplete="off" required></label>`;
  const addOrRemove = html`<form class="filter" method="post" action="${BASE}/suppressions/add">!${hidden(formToken)}!${phone}<button>Suppress</button><button formaction="${BASE}/suppressions/remove">Remove from the list</button></form>`;
  const erase = html`<section><h2>Erase a number</h2><p class="soft">Removes the personal data of all leads of a number, at all sites.</p>
<form class="filter" method="post" action="${BASE}/suppressions/erase">!${hidden(formToken)}!${phone}<button>Show what would be erased…</button></form></section>`;
  return html`<h1>Suppressions</h1><p class="soft">No lead of a suppressed number is sent. The list holds keyed hashes, never numbers.</p>
!${mayAct ? addOrRemove + erase : ''}
!${table('Suppressed numbers', ['hash', 'since'], rows, 'No number is suppressed.')}!${older('/suppressions', next, 'Earlier numbers')}`;
}

/** A link to the next page of a list. */
function older(path: string, next: string | undefined, text: string): string {
  if (next === undefined) return '';
  return html`<p><a class="button" href="${BASE}${path}?after=${encodeURIComponent(next)}">${text}</a></p>`;
}

/** Asks for confirmation before the personal data of a number is erased. */
export function erasePreview(phone: string, leads: number, formToken: string): string {
  return html`<h1>Erase a number</h1><section class="panel"><p>The personal data of <strong>${count(leads)}</strong> ${leads === 1 ? 'lead' : 'leads'} is removed. It cannot be brought back.</p>
<form method="post" action="${BASE}/suppressions/erase">!${hidden(formToken)}<input type="hidden" name="phone" value="${phone}"><input type="hidden" name="confirmed" value="true">
<label class="tick"><input type="checkbox" name="suppress" value="true" checked> Suppress the number too</label>
<button class="primary danger">Erase</button> <a class="quiet" href="${BASE}/suppressions">Cancel</a></form></section>`;
}

/** Who did what, newest first. */
export function auditPage(items: readonly AuditView[], next: string | undefined, now: number): string {
  const rows = items.map(({ at, actor, action, count: n, detail }) => [
    age(at, now),
    html`${actor}`,
    html`${action.replace('_', ' ')}`,
    n === 0 ? '–' : count(n),
    html`${detail}`,
  ]);
  return html`<h1>Audit</h1><div data-live-part>!${table('Audit', ['when', 'who', 'action', 'leads', 'what'], rows, 'Nothing was done yet.')}</div>!${older('/audit', next, 'Older entries')}`;
}

export type ConfigurationView = {
  /** The settings in use, without any secret. */
  readonly summary: object;
  /** Names of the settings that differ from their defaults. */
  readonly changed: readonly string[];
  /** When the settings in use were read, in ISO 8601, and the settings on disk that take effect after a restart only. */
  readonly loaded: { readonly at: string; readonly needsRestart: readonly string[] };
  readonly refused?:
    | { readonly since: string; readonly mistakes: number; readonly problems: readonly string[] }
    | undefined;
};

/** The settings in use, and the mistakes of settings that were refused. */
export function configurationPage({ summary, changed, loaded, refused }: ConfigurationView, now: number): string {
  const { at, needsRestart } = loaded;
  const mistakes =
    refused === undefined
      ? html`<p class="notice">The settings on disk are valid.</p>`
      : html`<section class="notice warn"><h2>The settings on disk are refused</h2><p>First refused !${age(refused.since, now)}; ${count(refused.mistakes)} ${refused.mistakes === 1 ? 'mistake' : 'mistakes'} now. The previous settings are in use, and a restart would fail. !${runbook('the-settings-are-refused')}</p><ul>!${refused.problems.map((one) => html`<li>${one}</li>`)}</ul></section>`;
  const restart =
    needsRestart.length === 0
      ? ''
      : html`<section class="notice warn"><h2>A restart is needed</h2><p>These settings have changed on disk, and their former values are in use: !${tags(needsRestart)}</p></section>`;
  const rows = Object.entries(summary).map(([name, value]) => [
    html`${name}`,
    html`<code>${typeof value === 'string' ? value : JSON.stringify(value)}</code>`,
  ]);
  return html`<h1>Configuration</h1><p class="soft">What this console does can be done over HTTP, too: <a href="${BASE}/reference">reference of the admin API</a>.</p><div data-live-part>!${mistakes}!${restart}<p class="soft">The settings in use were read !${age(at, now)}.</p></div>
<section><h2>Different from the defaults</h2><p>!${changed.length === 0 ? 'Nothing.' : tags(changed)}</p></section>
<section><h2>In use</h2>!${table('Settings in use', ['setting', 'value'], rows, '')}</section>`;
}

const tags = (names: readonly string[]): string =>
  names
    .slice(0, 200)
    .map((name) => html`<code class="tag">${name}</code>`)
    .join(' ');

/** A job that runs, or has ended. */
export function jobPage(job: {
  readonly title: string;
  readonly done: number;
  readonly total?: number;
  readonly result?: string | undefined;
}): string {
  const { title, done, total, result } = job;
  return html`<h1>${title}</h1><div data-live-part>!${
    result === undefined
      ? progress(done, total)
      : html`<p class="notice" role="status">${result}</p><p><a class="button" href="${BASE}/leads">Leads</a> <a class="button" href="${BASE}/audit">Audit</a></p>`
  }</div>`;
}

/** How far a job is; it looks for its leads first. */
function progress(done: number, total: number | undefined): string {
  if (total === undefined) return '<p role="status">The leads are looked for.</p><progress></progress>';
  return html`<p role="status">${count(done)} of ${count(total)}</p><progress max="${String(Math.max(1, total))}" value="${String(done)}">${count(done)}</progress>`;
}

/** A page that says what went wrong, in one sentence; `section` of the runbook explains it. */
export function problemPage(title: string, detail: string, section?: string): string {
  return html`<h1>${title}</h1><p class="notice warn" role="alert">${detail}!${section === undefined ? '' : html` !${runbook(section)}`}</p><p><a class="button" href="${BASE}">Overview</a></p>`;
}

const RUNBOOK_FILE = join(import.meta.dirname, '../../../docs/operations.md');
let renderedRunbook: Promise<string> | undefined;

/** docs/operations.md, as it is delivered with the program, with the anchors that the console links to. */
export function runbookPage(): Promise<string> {
  renderedRunbook ??= render().catch((error: unknown) => {
    renderedRunbook = undefined;
    throw error;
  });
  return renderedRunbook;
}

async function render(): Promise<string> {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return html`<h${String(depth)} id="${anchorOf(text)}">!${this.parser.parseInline(tokens)}</h${String(depth)}>\n`;
      },
      // Links to files of the repository lead nowhere in a running program.
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        return href.startsWith('#') || /^https?:/.test(href) ? html`<a href="${href}">!${text}</a>` : text;
      },
    },
  });
  const content = await marked.parse(await readFile(RUNBOOK_FILE, 'utf8'));
  // Parts that scroll by themselves have to be reachable by the keyboard.
  const reachable = content
    .replaceAll('<pre>', '<pre tabindex="0">')
    .replaceAll('<table>', '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>');
  return html`<article class="prose">!${reachable}</article>`;
}

/** The anchor that a Markdown renderer gives a heading: lower case, no punctuation, hyphens for spaces. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
