import { html } from 'ghtml';
import { LOW_SUCCESS } from '../../domain/calls.ts';
import type { MinuteCount } from '../../domain/ports/activity-store.ts';
import type { Finding } from '../findings.ts';
import { duration, findings, type HealthFacts, headline } from '../health.ts';
import { isoTime } from '../operations/views.ts';
import { chart, LAST_DAY, LAST_HOUR, legend } from './chart.ts';
import { age, BASE, badge, breaker, count, hidden, runbook, table } from './layout.ts';

type Facts = HealthFacts & {
  /** Outcomes of the last day. */
  readonly day: readonly MinuteCount[];
  readonly database: string;
  readonly formToken: string;
  /** Whether the operator may send leads. */
  readonly mayAct: boolean;
};

/** The first page: whether leads flow, what does not, and since when. */
export function overview(facts: Facts): string {
  const found = findings(facts);
  const [state, word] = found.some(({ severity }) => severity === 'alarm')
    ? ['alarm', 'Alarm']
    : found.length > 0
      ? ['warning', 'Attention']
      : ['well', 'All is well'];
  const findingsInAll = found.length < 2 ? '' : html` <span class="soft">${String(found.length)} findings</span>`;
  return html`<section class="headline h-${state}" aria-live="polite" data-live-part>
<p class="word">${word}!${findingsInAll}</p><h1>${headline(found)}</h1>
!${found.length === 0 ? '' : html`<ul class="findings">!${found.map((one) => finding(one, facts, headline(found).endsWith(one.text)))}</ul>`}
</section>
<section class="tiles" aria-label="Leads by status" data-live-part>!${tiles(facts)}</section>
<section data-live-part><h2>Calls to the provider</h2>
!${chart(facts.day, LAST_HOUR, facts.now, 'Last hour')}
!${chart(facts.day, LAST_DAY, facts.now, 'Last day')}
!${legend()}</section>
<section data-live-part><h2>Processes</h2>!${processes(facts)}<p class="soft">Storage: ${facts.database}. Times are UTC.</p></section>`;
}

function finding(
  { severity, text, since, action, mend, section }: Finding,
  { now, ...who }: Facts,
  inHeadline: boolean,
): string {
  const when = since === undefined ? '' : html` <span class="soft">Began !${age(isoTime(since), now)}.</span>`;
  return html`<li class="f-${severity}">!${inHeadline && when === '' ? '' : html`<p>!${inHeadline ? '' : html`<strong>${text}</strong>`}!${when}</p>`}<p>${action} !${runbook(section)}</p>!${mend === undefined ? '' : mending(mend, who)}</li>`;
}

/** The leads of a finding, and the button that shows what sending them would do. */
function mending(
  { action, filter }: NonNullable<Finding['mend']>,
  { formToken, mayAct }: Pick<Facts, 'formToken' | 'mayAct'>,
): string {
  const shown = action === 'retry' ? { status: 'queued', ...filter } : filter;
  const fields = Object.entries(filter).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  const button = mayAct
    ? html`<form method="post" action="${BASE}/leads/preview">!${hidden(formToken)}!${fields}<button name="action" value="${action}">${action === 'retry' ? 'Retry' : 'Release'} these leads…</button></form>`
    : '';
  return html`<div class="buttons">!${button}<a class="button" href="${BASE}/leads?${new URLSearchParams(shown).toString()}">Show these leads</a></div>`;
}

type Tile = { readonly href?: string; readonly detail: string; readonly tone?: string };

function tiles({ stats, activity }: Facts): string {
  const { byStatus, oldestQueuedSeconds = 0 } = stats;
  const sum = (...kinds: string[]): number =>
    activity.reduce((total, { kind, count: n }) => total + (kinds.includes(kind) ? n : 0), 0);
  const calls = sum('delivered', 'rejected', 'credentials', 'refused', 'not_sent', 'unknown');
  const rate = calls === 0 ? '–' : `${Math.floor((100 * sum('delivered', 'rejected')) / calls)} %`;
  const tile = (name: string, value: string, { href, detail, tone = '' }: Tile): string => {
    const inner = html`<span class="name">${name}</span><span class="value ${tone}">${value}</span><span class="soft">${detail}</span>`;
    return href === undefined
      ? html`<div class="tile">!${inner}</div>`
      : html`<a class="tile" href="${href}">!${inner}</a>`;
  };
  const leads = (status: keyof typeof byStatus, detail: string, tone = ''): string =>
    tile(status, count(byStatus[status]), {
      href: `${BASE}/leads?status=${status}`,
      detail,
      tone: byStatus[status] > 0 ? tone : '',
    });
  const answered = sum('delivered', 'rejected') / calls;
  return [
    tile('answered', rate, { detail: `of ${count(calls)} calls in 15 min`, tone: answered < LOW_SUCCESS ? 'bad' : '' }),
    leads('queued', byStatus.queued === 0 ? 'none waits' : `the oldest waits ${duration(oldestQueuedSeconds)}`),
    leads('parked', 'need an operator', 'bad'),
    leads('unknown', 'may have arrived', 'worry'),
    leads('held', 'suspects and caps', 'worry'),
    leads('delivered', 'in the store'),
    leads('rejected', 'in the store'),
  ].join('');
}

const LIMITS = {
  shared: 'shared, in Redis',
  local: badge('local: Redis is unreachable', 'worry'),
  none: 'in this process',
} as const;

function processes({ replicas, now }: Facts): string {
  return table(
    'Running processes',
    ['process', 'version', 'started', 'last seen', 'breakers', 'rate limits', 'load'],
    replicas.map(({ owner, version, startedAt, seenAt, breakers, limits, overloaded }) => [
      html`<code>${owner.replace(/:[0-9a-f]+$/, '')}</code>`,
      html`${version}`,
      age(isoTime(startedAt), now),
      age(isoTime(seenAt), now),
      Object.entries(breakers)
        .map(([endpoint, state]) => html`!${breaker(state)} ${endpoint}`)
        .join('<br>') || 'all closed',
      LIMITS[limits ?? 'none'],
      overloaded ? badge('too much to do', 'bad') : 'normal',
    ]),
    'No process has reported yet.',
  );
}
