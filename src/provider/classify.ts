import { type FailurePattern, type FailurePatterns, findPattern, NO_PATTERNS } from '../domain/failure-pattern.ts';
import type { Lead } from '../domain/lead.ts';
import type { Outcome } from '../domain/provider.ts';
import type { SoapFault } from './decode.ts';
import type { Exchange } from './exchange.ts';
import { classifyWords, type FailureSubject } from './failure.ts';
import { BREAK, stripLeadValues } from './lead-values.ts';

/**
 * The outcome of an exchange, by the table "What the provider's answer becomes" in `docs/architecture.md`. Pure.
 *
 * @param now milliseconds since the epoch, for a `Retry-After` that is a date
 * @param patterns what the lead's site and account say of texts. They concern readable Failures and SOAP faults only.
 */
export function classify(
  exchange: Exchange,
  lead: Lead,
  now: number,
  patterns: FailurePatterns = NO_PATTERNS,
): Outcome {
  if (!('httpStatus' in exchange)) {
    return { class: exchange.written ? 'unknown' : 'not_sent', cause: exchange.cause };
  }
  const { httpStatus, body } = exchange;
  const cause = `http_${httpStatus}`;
  const failure = 'status' in body && body.status === 'Failure' ? body : undefined;
  const fault = 'fault' in body ? body.fault : undefined;
  const text = failure?.description ?? fault?.text;
  const description = text === undefined ? {} : { description: text };
  const judged = () =>
    fault ? outcomeOfFault(fault, lead, patterns) : outcomeOfFailure(judgeFailure(text, lead, patterns), text, lead);

  switch (httpStatus) {
    case 401:
      return { class: 'credentials', cause, ...description };
    case 403:
      // 403 is about authorisation, so its Failure may name our credentials. It never rejects a lead, which would be
      // final, also where a pattern says so: with any other text the lead waits for a person.
      return (failure ?? fault) !== undefined && judged().class === 'credentials'
        ? { class: 'credentials', cause, ...description }
        : { class: 'refused', cause, ...description };
    case 429:
    case 503: {
      const retryAfterMs = parseRetryAfter(exchange.retryAfter, now);
      return { class: 'not_sent', cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
  }

  if (failure !== undefined || fault !== undefined) return judged();
  if (httpStatus < 200 || httpStatus > 299) return { class: 'unknown', cause };
  return 'unreadable' in body ? { class: 'unknown', cause: body.unreadable } : { class: 'delivered' };
}

const SECONDS = /^(-?\d{1,10})(?:\.\d{1,9})?$/;

const DATES = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT, also with the names that hosts write for GMT
  /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|UTC|Z|[+-]0000)$/,
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} (?:GMT|UTC|Z|[+-]0000)$/,
  // asctime, always in GMT: Sun Nov  6 08:49:37 1994
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
  // ISO 8601 with a time zone: 1994-11-06T08:49:37Z
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/,
];

/**
 * `Retry-After` as milliseconds from `now` (milliseconds since the epoch). Reads both forms of RFC 9110, section 10.2.3
 * (seconds, and an HTTP date in its three spellings, section 5.6.7), and the spellings that hosts send beside them:
 * fractions of a second, quotes, `UTC` or `+0000` for `GMT`, ISO 8601, and a list, of which the longest time counts.
 * A time in the past gives 0, any other text `undefined`. Finite but not capped: the retry policy caps it. Never throws.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const whole = parseOne(value, now);
  if (whole !== undefined) return whole;
  // The comma after the name of a day is part of a date.
  const items = value.split(/(?<!\b[A-Z][a-z]{2,8}),/).map((item) => parseOne(item, now));
  return items.every((item) => item !== undefined) ? Math.max(...items) : undefined;
}

function parseOne(value: string, now: number): number | undefined {
  const text = value
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
  if (SECONDS.test(text)) return Math.max(0, Math.round(Number(text) * 1_000));
  // `Date.parse` alone accepts almost any text as a date.
  const form = DATES.findIndex((pattern) => pattern.test(text));
  if (form === -1) return undefined;
  const at = Date.parse(form === 2 ? `${text} GMT` : text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Which rule decides about a Failure: a pattern of the site or of the account, or the built-in rules. */
export type Verdict =
  | { readonly rule: 'site' | 'account'; readonly pattern: FailurePattern }
  | { readonly rule: 'built_in'; readonly subject: FailureSubject };

/**
 * Finds the rule for a Failure's description. The patterns of the lead's site come first, then those of its account, then
 * the built-in rules. Patterns are compared after the lead's own values are removed, so that no visitor can choose the
 * class by a text that the provider quotes.
 */
export function judgeFailure(description: string | undefined, lead: Lead, patterns: FailurePatterns): Verdict {
  if (description === undefined) return { rule: 'built_in', subject: 'other' };
  const stripped = stripLeadValues(description, lead);
  const words = comparedWords(stripped);
  for (const rule of ['site', 'account'] as const) {
    const pattern = findPattern(words, patterns[rule]);
    if (pattern) return { rule, pattern };
  }
  return { rule: 'built_in', subject: classifyWords(stripped) };
}

/** The words of stripped text without the marks between sentences: a pattern may be copied from several sentences. */
export function comparedWords(stripped: string): string {
  return stripped
    .split(' ')
    .filter((word) => word !== BREAK)
    .join(' ');
}

/** The outcome of a readable Failure. */
export function outcomeOfFailure(verdict: Verdict, description: string | undefined, lead: Lead): Outcome {
  const text = description === undefined ? {} : { description };
  return verdict.rule === 'built_in'
    ? outcomeOfSubject(verdict.subject, text, lead)
    : outcomeOfPattern(verdict.pattern, `pattern_${verdict.rule}`, text, lead);
}

/** Codes of WCF and WS-Addressing for a message that no operation got: the document or its action is wrong (docs/adr/0035). */
const NOT_PROCESSED = new Set([
  'VersionMismatch',
  'MustUnderstand',
  'DataEncodingUnknown',
  'ActionNotSupported',
  'ActionMismatch',
  'DestinationUnreachable',
  'DeserializationFailed',
  'InvalidAddressingHeader',
  'MessageAddressingHeaderRequired',
  'MessageInformationHeaderRequired',
]);

/** ASMX services have no code for it: "Server did not recognize the value of HTTP Header SOAPAction". */
const UNKNOWN_ACTION = / did not recognize the value of http header soapaction | without a valid action parameter /;

/** Codes for a message that the dispatcher turned away before an operation got it. */
const UNAVAILABLE = new Set(['ServerTooBusy', 'EndpointUnavailable']);

/** Codes of WS-Security (SOAP Message Security 1.1, section 12) and of IIS. */
const CREDENTIALS = new Set([
  'FailedAuthentication',
  'FailedCheck',
  'InvalidSecurity',
  'InvalidSecurityToken',
  'UnsupportedSecurityToken',
  'SecurityTokenUnavailable',
  'AccessDenied',
]);

/**
 * The outcome of a SOAP fault. A pattern of the site or the account decides first. A fault is no Failure, so it never rejects a lead
 * by the built-in rules: only a code that says that no operation got the message, or a text that names credentials, says what became
 * of the lead. Any other fault may come from an operation that had opened the conversation.
 */
export function outcomeOfFault({ codes, text }: SoapFault, lead: Lead, patterns: FailurePatterns): Outcome {
  const verdict = judgeFailure(text, lead, patterns);
  if (verdict.rule !== 'built_in') return outcomeOfFailure(verdict, text, lead);
  const described = text === undefined ? {} : { description: text };
  const words = text === undefined ? '' : ` ${comparedWords(stripLeadValues(text, lead))} `;
  if (codes.some((code) => NOT_PROCESSED.has(code)) || UNKNOWN_ACTION.test(words)) {
    return { class: 'refused', cause: 'fault_not_processed', ...described };
  }
  if (codes.some((code) => UNAVAILABLE.has(code))) return { class: 'not_sent', cause: 'fault_unavailable' };
  if (verdict.subject === 'credentials' || codes.some((code) => CREDENTIALS.has(code))) {
    return { class: 'credentials', cause: 'fault_credentials', ...described };
  }
  return { class: 'unknown', cause: 'fault', ...described };
}

type Described = { readonly description?: string };

function outcomeOfSubject(subject: FailureSubject, text: Described, lead: Lead): Outcome {
  const cause = `failure_${subject}`;
  switch (subject) {
    case 'phone':
      return { class: 'rejected', reason: 'phone', cause, ...text };
    case 'target':
      return targetFailure(cause, text, lead);
    case 'credentials':
      return { class: 'credentials', cause, ...text };
    case 'unavailable':
      return { class: 'not_sent', cause };
    case 'other':
      return { class: 'refused', cause, ...text };
  }
}

function outcomeOfPattern(pattern: FailurePattern, cause: string, text: Described, lead: Lead): Outcome {
  switch (pattern.class) {
    case 'rejected':
      return pattern.reason === 'target'
        ? targetFailure(cause, text, lead)
        : { class: 'rejected', reason: pattern.reason, cause, ...text };
    default:
      return { class: pattern.class, cause, ...text };
  }
}

/** The request is not at fault for a target from our own configuration. */
function targetFailure(cause: string, text: Described, lead: Lead): Outcome {
  return lead.targetFrom === 'caller'
    ? { class: 'rejected', reason: 'target', cause, ...text }
    : { class: 'refused', cause, ...text };
}
