import type { FieldError, RefusalCode } from '../domain/refusal.ts';
import { type ProblemBody, type ProblemContent, problemBody } from '../lib/problem.ts';

/** What one problem adds to its kind. `headers` go on the answer, `detail` defaults to the kind's remedy. */
export type ProblemOptions = {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** With `lead_rejected`. */
  readonly extensions?: {
    readonly id: string;
    readonly test?: true;
    readonly reference?: string;
    readonly reason: string;
  };
};

/** A request that ends in an error answer: thrown by a handler or hook, answered by the error handler. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(options.detail ?? PROBLEMS[code].title);
    this.name = 'Problem';
    this.code = code;
    this.options = options;
  }
}

/** A problem of the public listener with the words of its kind. */
export function contentOf(code: ProblemCode, options: ProblemOptions = {}): ProblemContent<ProblemCode> {
  const { status, title, remedy } = PROBLEMS[code];
  const { detail = remedy, errors = [], extensions } = options;
  const more = { ...(errors.length > 0 && { errors }), ...extensions };
  return { type: `/docs/problems#${code}`, title, status, detail, code, more };
}

/** The body of an error answer of the public listener. @param requestId of `requestIdOf` */
export function publicProblemBody(
  code: ProblemCode,
  requestId: string,
  options: ProblemOptions = {},
): ProblemBody<ProblemCode> {
  return problemBody(contentOf(code, options), requestId);
}

/** Every code that an error answer can carry: what programs switch on. */
export type ProblemCode =
  | RefusalCode
  | 'bad_request'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'precondition_failed'
  | 'range_not_satisfiable'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'lead_rejected'
  | 'internal_error'
  | 'storage_unavailable'
  | 'overloaded';

type Kind = { readonly status: number; readonly title: string; readonly remedy: string };

/** Status and title of each code, and what the sender of the request can do about it (the reference at `/docs/problems` is made of this). */
export const PROBLEMS: Readonly<Record<ProblemCode, Kind>> = {
  bad_request: {
    status: 400,
    title: 'Not a valid HTTP request',
    remedy: 'The request breaks HTTP itself, so it was not read further. Look at the client or at a proxy in between.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON',
    remedy: 'Send one JSON value in UTF-8, without duplicate keys, nested no deeper than 16 levels.',
  },
  invalid_api_key: {
    status: 401,
    title: 'The API key is not valid',
    remedy: 'Send "Authorization: Bearer <key>" with a key of a configured partner, or no Authorization at all.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'This origin may not send leads for this site',
    remedy: "Add the page's exact origin (scheme, host and port) to the site, or call from a back end with an API key.",
  },
  target_not_allowed: {
    status: 403,
    title: 'This target is not open to this site',
    remedy: "Send an advertiserId or merchantId of the site's list, or leave both out for its default.",
  },
  unknown_site: {
    status: 403,
    title: 'There is no such site for this request',
    remedy: 'Send the public key of a configured site; a partner, of a site that is open to it.',
  },
  not_found: {
    status: 404,
    title: 'Nothing is here',
    remedy: 'Look at the path. A conversation is found only under the exact id that its lead was answered with.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This path does not take that method',
    remedy: 'Use one of the methods in the Allow header.',
  },
  request_timeout: {
    status: 408,
    title: 'The request came too slowly',
    remedy: 'Send headers within 5 seconds and the whole request within 10.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request with this key is still under way',
    remedy: 'Send the same request again after Retry-After; it is answered with what became of the first.',
  },
  precondition_failed: {
    status: 412,
    title: 'The condition of the request does not hold',
    remedy: 'Send the request without If-Match and If-Unmodified-Since.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send 64 KiB at most.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is of an unsupported type',
    remedy: 'Send "Content-Type: application/json" in UTF-8, without a Content-Encoding.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The file has no such range',
    remedy: 'Send the request without Range, or with a range within the file.',
  },
  expectation_failed: {
    status: 417,
    title: 'That expectation cannot be met',
    remedy: 'Send no Expect header, or "100-continue".',
  },
  invalid_request: {
    status: 422,
    title: 'The request does not follow the contract',
    remedy: 'Each entry of "errors" names a field and what would be right.',
  },
  invalid_phone: {
    status: 422,
    title: 'The phone number cannot be texted',
    remedy: 'Ask for a mobile number, with its country code when it is a foreign one.',
  },
  country_not_allowed: {
    status: 422,
    title: 'Numbers of that country are not taken',
    remedy: "Ask for a number of one of the site's countries.",
  },
  consent_required: {
    status: 422,
    title: 'This site needs the consent',
    remedy: 'Send "consent" with the text that was agreed to, its version, or both.',
  },
  form_token_invalid: {
    status: 422,
    title: 'The form token is not valid',
    remedy:
      'Get a new one from GET /sites/{key}/form on the same page, wait its minFillS seconds, and send the lead again. A ' +
      'token is good for two hours and for one lead.',
  },
  proof_required: {
    status: 422,
    title: 'A proof of work is needed',
    remedy: 'Get a challenge from GET /sites/{key}/form on the same page, solve it, and send the lead with the proof.',
  },
  invalid_idempotency_key: {
    status: 422,
    title: 'The Idempotency-Key is not valid',
    remedy: 'Send 1 to 255 visible ASCII characters, such as a UUID, or no Idempotency-Key at all.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key came with another lead',
    remedy: 'Use a new key for a new lead.',
  },
  lead_rejected: {
    status: 422,
    title: 'The provider refused the lead',
    remedy: 'Do not send it again unchanged. "reason" says what was refused: the phone, the target, or something else.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait for the seconds of Retry-After.',
  },
  phone_limit_reached: {
    status: 429,
    title: 'Too many leads for this number today',
    remedy: 'Wait for the seconds of Retry-After.',
  },
  site_limit_reached: {
    status: 429,
    title: 'Too many leads for this site today',
    remedy: 'Wait for the seconds of Retry-After.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    remedy: 'Send less than 32 KiB of headers. Cookies are not needed here.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong here',
    remedy: 'Quote the requestId to the operator. A lead that was stored is still delivered.',
  },
  storage_unavailable: {
    status: 503,
    title: 'Leads cannot be stored right now',
    remedy: 'Nothing was stored. Send the same request again after Retry-After.',
  },
  overloaded: {
    status: 503,
    title: 'There is too much to do right now',
    remedy:
      'Send the same request again after Retry-After, with the same Idempotency-Key if it had one. A lead that was stored before is answered then, and no second one is made. Replays are refused like other requests.',
  },
};
