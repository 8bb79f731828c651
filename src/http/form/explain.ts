import { PROBLEMS, type Problem, type ProblemCode } from '../problems.ts';
import type { Texts } from './texts.ts';

/** What a visitor can do about a problem, and, where it is the page's own fault, what to tell its developer. */
export type Explanation = { readonly paragraphs: readonly string[]; readonly forDeveloper?: string };

/** Problems that the visitor can end; every other 4xx is the page's fault. */
const REMEDIES: Partial<Record<ProblemCode, 'phone' | 'country' | 'consent' | 'expired' | 'later'>> = {
  invalid_phone: 'phone',
  country_not_allowed: 'country',
  consent_required: 'consent',
  form_token_invalid: 'expired',
  proof_required: 'expired',
  idempotency_key_reused: 'expired',
  idempotency_in_progress: 'later',
  request_timeout: 'later',
};

/** Says in the visitor's language what to do. Nothing of what was sent is in it. */
export function explain(problem: Problem, texts: Texts): Explanation {
  const { code, options, message } = problem;
  const remedy = REMEDIES[code];
  // Where the page has to be loaded again, going back would bring the old form.
  if (remedy === 'expired') return { paragraphs: [texts.expired] };
  const text = remedy ? texts[remedy] : (byStatus(problem, texts) ?? byField(problem, texts));
  if (text !== undefined) return { paragraphs: [text, texts.back] };
  return { paragraphs: [texts.broken], forDeveloper: options.errors?.[0]?.detail ?? message };
}

function byStatus({ code, options }: Problem, texts: Texts): string | undefined {
  const { status } = PROBLEMS[code];
  if (status >= 500) return texts.later;
  if (status !== 429) return undefined;
  const minutes = Math.max(1, Math.ceil(Number(options.headers?.['retry-after'] ?? 0) / 60));
  return texts.wait.replace('{minutes}', String(minutes));
}

/** The fields that a visitor fills in; what is wrong with any other is the page's doing. */
function byField({ code, options }: Problem, texts: Texts): string | undefined {
  if (code === 'lead_rejected') return options.extensions?.reason === 'phone' ? texts.phone : undefined;
  if (code !== 'invalid_request') return undefined;
  const pointer = options.errors?.[0]?.pointer ?? '';
  if (pointer === '/consumer/phone') return texts.phoneMissing;
  const name = /^\/consumer\/(firstName|lastName|question)$/.exec(pointer)?.[1] as keyof Texts['names'] | undefined;
  return name && texts.field.replace('{field}', texts.names[name]);
}
