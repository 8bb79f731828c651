import { html } from 'ghtml';
import { STATUSES } from '../../domain/lead.ts';
import type { HistoryEntry } from '../operations/history.ts';
import { CAUSES, type LeadQuery } from '../operations/input.ts';
import { SENDABLE, type Selection, type SendAction } from '../operations/selection.ts';
import type { LeadDetailsView, LeadView } from '../operations/views.ts';
import { age, BASE, badge, capital, count, hidden, moment, table } from './layout.ts';

/** The filter of the list as the address holds it. A phone number is never part of it. */
export type ListFilter = Pick<LeadQuery, 'site' | 'partner' | 'provider' | 'test' | 'since' | 'until'> & {
  readonly status?: string;
  readonly cause?: string;
};

/** Leads that a preview looks at, which takes less than 100 ms. Beyond that it tells how many match. */
export const PREVIEWED = 1_000;

/** Each action on several leads, with what it does. */
export const ACTIONS: Readonly<Record<SendAction, string>> = {
  release: 'Send leads that wait for an operator, with a new retry schedule',
  retry: 'Send queued leads now instead of at their next try',
  replay: 'Send leads again, also delivered and rejected ones',
};

type List = {
  readonly filter: ListFilter;
  readonly items: readonly LeadView[];
  readonly next?: string | undefined;
  readonly formToken: string;
  readonly now: number;
  readonly mayAct: boolean;
  /** Whether the list is the result of a search by number, whose filter is in no address. */
  readonly byNumber?: boolean;
};

/** The list of leads with its filter, newest first. */
export function leadList({ filter, items, next, formToken, now, mayAct, byNumber }: List): string {
  const more =
    next === undefined
      ? ''
      : html`<p><a class="button" href="${BASE}/leads?${query({ ...filter, after: next })}">Older leads</a></p>`;
  return html`<h1>Leads</h1>
<form class="filter" method="get" action="${BASE}/leads">
!${choice('status', STATUSES, filter.status)}
!${choice('cause', Object.keys(CAUSES), filter.cause)}
!${field('site', filter.site)}!${field('partner', filter.partner)}!${field('provider', filter.provider)}
!${choice('test', ['true', 'false'], filter.test)}
!${field('since', filter.since, '24h, 7d, date')}!${field('until', filter.until, '1h, date')}
<button>Filter</button> <a class="quiet" href="${BASE}/leads">Clear</a>
</form>
<div class="pair">
<form class="filter" method="get" action="${BASE}/lead">!${field('id', undefined, 'cnv_…')}<button>Open</button></form>
!${
    mayAct
      ? html`<form class="filter" method="post" action="${BASE}/leads/search">!${hidden(formToken)}!${field('phone', undefined, '+14045551212')}<button>Search by number</button></form>`
      : ''
  }
</div>
!${mayAct && !byNumber ? actions(filter, formToken) : ''}
<div data-live-part>!${leadTable(items, now)}</div>
!${more}`;
}

function leadTable(items: readonly LeadView[], now: number): string {
  return table(
    'Leads',
    ['lead', 'status', 'cause', 'site', 'account', 'attempts', 'stored', 'changed', 'next try'],
    items.map((lead) => [
      html`<a href="${BASE}/leads/${lead.id}"><code>${shortId(lead.id)}</code></a>!${lead.erased ? ' <span class="soft">erased</span>' : ''}`,
      status(lead),
      html`${lead.cause ?? lead.reason ?? ''}`,
      html`${lead.site}`,
      html`${lead.provider}`,
      html`${String(lead.attempts)}`,
      age(lead.createdAt, now),
      age(lead.updatedAt, now),
      lead.leased ? 'being sent' : age(lead.dueAt, now),
    ]),
    'No lead matches.',
  );
}

/** The status with a badge that marks a test lead. */
const status = (lead: Pick<LeadView, 'status' | 'test'>): string =>
  lead.test ? `${badge(lead.status)} ${badge('test')}` : badge(lead.status);

/** Ids of one time begin alike, so the end tells them apart. */
const shortId = (id: string): string => `cnv_…${id.slice(-8)}`;

function actions(filter: ListFilter, formToken: string): string {
  if (Object.keys(filter).length === 0)
    return html`<p class="bar soft">Filter the list to release, retry or replay many leads at once.</p>`;
  const buttons = Object.entries(ACTIONS).map(
    ([action, text]) => html`<button name="action" value="${action}" title="${text}">${action}…</button>`,
  );
  return html`<form class="bar" method="post" action="${BASE}/leads/preview">!${hidden(formToken)}!${hiddenFilter(filter)}
<span>All leads of this filter:</span>!${buttons}<span class="soft">Each first shows what it would send.</span></form>`;
}

/** Shows what an action would do, and asks for confirmation. */
export function preview(
  selection: Selection,
  { filter, formToken, at }: { readonly filter: ListFilter; readonly formToken: string; readonly at: string },
): string {
  const { action, ids, byStatus, bySite, mayHaveArrived, skipped, matching, waiting } = selection;
  const all = matching === undefined ? count(ids.length) : `up to ${count(matching)}`;
  const blocked = waiting.map(
    ({ provider, reason, leads }) =>
      html`<p class="notice warn">${count(leads)} of them wait all the same: ${reason === 'parked' ? `the account ${provider} is parked` : `the endpoint of the account ${provider} is unreachable`}.</p>`,
  );
  const list = (counts: Readonly<Record<string, number | undefined>>): string =>
    Object.entries(counts)
      .map(([name, n]) => `${name} ${count(n ?? 0)}`)
      .join(', ');
  const warning =
    mayHaveArrived === 0
      ? ''
      : html`<p class="notice warn">${count(mayHaveArrived)} of them may have reached the provider already; an agent may see them twice.</p>`;
  const confirm =
    ids.length === 0 && matching === undefined
      ? html`<p>No lead of the filter can be sent by ${action}.</p>`
      : html`<form method="post" action="${BASE}/leads/run">!${hidden(formToken)}!${hiddenFilter(filter)}
<input type="hidden" name="action" value="${action}"><input type="hidden" name="previewedAt" value="${at}">
<button class="primary">Send ${all} ${matching === undefined && ids.length === 1 ? 'lead' : 'leads'}</button> <a class="quiet" href="${BASE}/leads?${query(filter)}">Cancel</a></form>`;
  return html`<h1>${capital(action)}</h1><section class="panel"><p>${ACTIONS[action]}.</p>
<dl><dt>Leads</dt><dd>${matching === undefined ? all : `${count(matching)} match; what follows is about the newest ${count(PREVIEWED)}`}</dd><dt>By status</dt><dd>${list(byStatus) || '–'}</dd>
<dt>By site</dt><dd>${list(bySite) || '–'}</dd><dt>Left alone</dt><dd>${count(skipped)}</dd></dl>!${warning}!${blocked}!${confirm}</section>`;
}

type One = {
  readonly lead: LeadDetailsView;
  readonly formToken: string;
  readonly now: number;
  readonly mayReveal: boolean;
};

/** One lead: its state, its data (masked unless it was revealed), and what can be done. */
export function leadPage({ lead, formToken, now, mayReveal }: One): string {
  const facts: [string, string][] = [
    ['Status', status(lead)],
    ...(lead.cause === undefined
      ? []
      : [['Cause', html`${lead.cause}: ${CAUSES[lead.cause as keyof typeof CAUSES] ?? ''}`] as [string, string]]),
    ...(lead.reason === undefined ? [] : [['Reason', html`${lead.reason}`] as [string, string]]),
    ['Site', html`${lead.site}`],
    ['Partner', html`${lead.partner ?? '–'}`],
    ['Provider account', html`${lead.provider}`],
    ['Attempts', html`${String(lead.attempts)}`],
    ['Stored', age(lead.createdAt, now)],
    ['Changed', age(lead.updatedAt, now)],
    ['Next try', lead.leased ? 'being sent' : age(lead.dueAt, now)],
    ['May have arrived', lead.mayHaveArrived ? 'yes: sent again, an agent may see it twice' : 'no'],
    ['Provider’s words', html`${lead.description ?? '–'}`],
  ];
  const data = lead.erased
    ? html`<p class="empty">The personal data of this lead is erased.</p>`
    : lead.lead === undefined
      ? html`<p class="empty">No configured key decrypts this lead.</p>`
      : html`<pre class="document" tabindex="0">${JSON.stringify(lead.lead, null, 2)}</pre>`;
  const reveal =
    mayReveal && !lead.revealed && !lead.erased && lead.lead !== undefined
      ? html`<form method="post" action="${BASE}/leads/${lead.id}/reveal">!${hidden(formToken)}<button>Reveal personal data</button> <span class="soft">It also shows the document that would be sent. The audit records it.</span></form>`
      : '';
  const send =
    mayReveal && !lead.erased
      ? html`<form class="choices" method="post" action="${BASE}/leads/preview">!${hidden(formToken)}<input type="hidden" name="id" value="${lead.id}">
!${buttons(lead)}</form>`
      : '';
  return html`<p class="up"><a href="${BASE}/leads">Leads</a></p><h1><code>${lead.id}</code></h1>
<dl class="facts" data-live-part>!${facts.map(([name, value]) => html`<dt>${name}</dt><dd>!${value}</dd>`)}</dl>
<section data-live-part><h2>History</h2>!${historyTable(lead.history, now)}</section>
<section><h2>Data ${lead.revealed ? '(in full)' : '(masked)'}</h2>!${data}!${reveal}</section>
!${
    lead.document === undefined
      ? ''
      : html`<section><h2>Document that would be sent</h2><p class="soft">With the account as it is configured now; its password is masked.</p><pre class="document" tabindex="0">${lead.document}</pre></section>`
  }
!${send === '' ? '' : html`<section><h2>Send</h2>!${send}</section>`}`;
}

/** The actions that a lead of this status can take, each with what it does. */
function buttons({ status: state }: LeadDetailsView): string {
  const possible = Object.entries(ACTIONS).filter(([action]) => SENDABLE[action as SendAction].includes(state));
  return possible
    .map(
      ([action, text]) =>
        html`<div><button name="action" value="${action}">${action}…</button> <span class="soft">${text}.</span></div>`,
    )
    .join('');
}

function choice(name: string, values: readonly string[], chosen: string | undefined): string {
  const options = ['', ...values].map(
    (value) => html`<option value="${value}" !${value === (chosen ?? '') ? 'selected' : ''}>${value || 'any'}</option>`,
  );
  return html`<label>${capital(name)}<select name="${name}">!${options}</select></label>`;
}

function field(name: string, value: string | undefined, placeholder = ''): string {
  return html`<label>${capital(name)}<input name="${name}" value="${value ?? ''}" placeholder="${placeholder}" autocomplete="off"></label>`;
}

function hiddenFilter(filter: ListFilter): string {
  return Object.entries(filter)
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
    .join('');
}

/** The filter as a query string. */
function query(filter: Readonly<Record<string, string | undefined>>): string {
  return new URLSearchParams(
    Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined),
  ).toString();
}

/** The history of a lead as a table, oldest first. */
function historyTable(history: readonly HistoryEntry[], now: number): string {
  return table(
    'History',
    ['when', 'event', 'result', 'HTTP', 'took', 'next try', 'by', 'provider’s words'],
    history.map((entry) => [moment(entry.at, now), ...cellsOf(entry, now)]),
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
