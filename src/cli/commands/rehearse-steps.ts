import type { Rehearsal } from '../../app/rehearsal.ts';
import type { Settings } from '../../config/settings.ts';
import type { Status } from '../../domain/lead.ts';
import type { OutcomeClass } from '../../domain/provider.ts';
import type { Partner, Site } from '../../domain/site.ts';

/** How each fault of the simulator is classified, by docs/simulator.md; every other one is `unknown`. */
export const DOCUMENTED: Readonly<Record<Exclude<OutcomeClass, 'unknown'>, readonly string[]>> = {
  delivered: ['delivered', 'slow', 'bom', 'spaces', 'wrong_charset'],
  rejected: ['failure_phone', 'failure_target', 'failure_400'],
  credentials: ['failure_credentials', '401'],
  refused: ['failure_other', 'failure_quotes_question', 'failure_blank', 'failure_500', '403', '403_failure'],
  not_sent: ['429_seconds', '429_date', '503', '503_retry_after', '503_failure'],
};

/** What a lead becomes by its first attempt. */
const BECOMES: Readonly<Record<OutcomeClass, Status>> = {
  delivered: 'delivered',
  rejected: 'rejected',
  credentials: 'queued',
  refused: 'parked',
  not_sent: 'queued',
  unknown: 'queued',
};

type Expected = { readonly class: OutcomeClass; readonly status: Status };

/** What the documents say about a fault, under these settings. */
export function expectedOf(
  fault = 'delivered',
  { lead }: Pick<Rehearsal, 'lead'>,
  { upstreamTimeoutMs, retry, sites }: Pick<Settings, 'upstreamTimeoutMs' | 'retry' | 'sites'>,
): Expected {
  const named = (Object.entries(DOCUMENTED) as [OutcomeClass, readonly string[]][]).find(([, faults]) =>
    faults.includes(fault),
  );
  let outcome: OutcomeClass = named?.[0] ?? 'unknown';
  if (fault === 'slow' && upstreamTimeoutMs <= SLOW_MS) outcome = 'unknown';
  // A target of the site's own configuration is no mistake of the request.
  if (fault === 'failure_target' && lead?.targetFrom === 'site') outcome = 'refused';
  const unknown = sites.get(lead?.site ?? '')?.unknownOutcome ?? retry.unknown;
  const held = outcome === 'unknown' && (unknown === 'hold' || retry.resendMax === 0);
  return { class: outcome, status: held ? 'unknown' : BECOMES[outcome] };
}

/** The delay of the simulator's fault `slow`. */
const SLOW_MS = 6_000;

export type Step = { readonly step: string; readonly result: 'ok' | 'failed' | 'note'; readonly detail: string };

/** Codes of refusals by the step that they belong to; all others are about the request itself. */
const REFUSED_AT: Readonly<Record<string, string>> = {
  unknown_site: 'site',
  origin_not_allowed: 'sender',
  invalid_api_key: 'sender',
  target_not_allowed: 'target',
  consent_required: 'consent',
};

type Given = {
  readonly site: Site;
  readonly partner: Partner | undefined;
  readonly origin: string | undefined;
  readonly settings: Settings;
  readonly expected: Expected;
};

/** The steps in their order, up to the one that failed. */
export function stepsOf(done: Rehearsal, given: Given): Step[] {
  const steps = [...ruleSteps(done, given), ...outcomeSteps(done, given)];
  const end = steps.findIndex(({ result }) => result === 'failed');
  return end === -1
    ? steps
    : [...steps.slice(0, end + 1), ...steps.slice(end + 1).filter(({ step }) => step === 'answer')];
}

function ruleSteps({ answer, lead }: Rehearsal, { site, partner, origin, settings }: Given): Step[] {
  const { code, detail, errors } = answer.body as {
    code?: string;
    detail?: string;
    errors?: readonly { pointer: string }[];
  };
  const stored = lead !== undefined;
  const refusedAt = stored ? undefined : (REFUSED_AT[code ?? ''] ?? 'lead');
  const step = (name: string, ok: string): Step =>
    name === refusedAt
      ? {
          step: name,
          result: 'failed',
          detail: [code, ...(errors ?? []).map(({ pointer }) => pointer), detail].join(': '),
        }
      : { step: name, result: 'ok', detail: ok };
  const account = settings.providers.get(site.provider);
  const { phone, phoneTotal, site: ofSite } = { ...settings.dailyMax, ...site.dailyMax };
  const target = lead && JSON.stringify(lead.target);
  return [
    step('site', `${site.key} (${site.name}); account ${site.provider} at ${account && new URL(account.url).host}`),
    step('sender', partner ? `partner ${partner.id}, with a test key` : `a page of ${origin ?? 'no origin'}`),
    step('lead', `number ${lead?.phone.e164}, read as of ${site.country}`),
    step('target', `${target} from the ${lead?.targetFrom === 'site' ? 'site' : 'request'}`),
    step('consent', `${site.consentRequired ? 'required' : 'not required'}; ${lead?.consent?.version ?? 'no version'}`),
    {
      step: 'caps',
      result: 'note',
      detail: `a day: ${phone} of a number here, ${phoneTotal} at all sites, ${ofSite} of the site; none is used up`,
    },
  ];
}

function outcomeSteps(
  { answer, call, attempt, record, callbacks, lead }: Rehearsal,
  { settings, site, expected }: Given,
): Step[] {
  if (!lead)
    return [{ step: 'answer', result: 'note', detail: `HTTP ${answer.status} ${JSON.stringify(answer.body)}` }];
  const wire = settings.providers.get(site.provider)?.wire;
  const outcome = attempt?.answer.outcome;
  const said = outcome && 'description' in outcome && outcome.description ? `: ${outcome.description}` : '';
  const cause = outcome && 'cause' in outcome ? `, ${outcome.cause}` : '';
  const at = attempt?.settlement.dueAt;
  const check = (name: string, is: string | undefined, wanted: string, detail: string): Step =>
    is === wanted
      ? { step: name, result: 'ok', detail }
      : { step: name, result: 'failed', detail: `${detail}; documented is ${wanted}` };
  return [
    { step: 'document', result: 'ok', detail: `${wire?.root}, ${wire?.contentType}, see below` },
    {
      step: 'simulator',
      result: call ? 'ok' : 'failed',
      detail: call
        ? `${call.answered}, HTTP ${attempt?.answer.httpStatus ?? 'none'}, ${attempt?.answer.durationMs} ms`
        : 'it was not called',
    },
    check('class', outcome?.class, expected.class, `${outcome?.class}${cause}${said}`),
    check(
      'lead becomes',
      record?.status,
      expected.status,
      [record?.status, record?.cause, at !== undefined && `tried again at ${new Date(at).toISOString()}`]
        .filter(Boolean)
        .join(', '),
    ),
    { step: 'answer', result: 'ok', detail: `HTTP ${answer.status} ${JSON.stringify(answer.body)}` },
    {
      step: 'callbacks',
      result: 'note',
      detail:
        callbacks.length === 0
          ? 'none'
          : callbacks.map(({ url, body }) => `${body.type} to ${new URL(url).host}`).join(', '),
    },
  ];
}
