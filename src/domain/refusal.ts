/** Codes that a request can be answered with before anything is stored; `src/http/problems.ts` gives each its status and title. */
export type RefusalCode =
  | 'invalid_json'
  | 'invalid_api_key'
  | 'origin_not_allowed'
  | 'target_not_allowed'
  | 'unknown_site'
  | 'unsupported_media_type'
  | 'body_too_large'
  | 'invalid_request'
  | 'invalid_phone'
  | 'country_not_allowed'
  | 'consent_required'
  | 'form_token_invalid'
  | 'proof_required'
  | 'invalid_idempotency_key'
  | 'idempotency_key_reused'
  | 'idempotency_in_progress'
  | 'phone_limit_reached'
  | 'site_limit_reached'
  | 'rate_limited';

/** One field that is wrong: a JSON pointer into the body, a code, and what would be right. */
export type FieldError = { readonly pointer: string; readonly code: string; readonly detail: string };

/** `pointer` names the one field that is wrong; where several are, `errors` has them all, the one of the code first. */
export type RefusalOptions = {
  readonly pointer?: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterS?: number;
};

/**
 * The request cannot be taken, and trying it again unchanged will not help (but for those with `retryAfterS`, after that).
 * `message` is the public detail: it names what is wrong and what would be right, and never quotes personal data.
 */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly errors: readonly FieldError[];
  readonly retryAfterS?: number;

  constructor(code: RefusalCode, detail: string, options: RefusalOptions = {}) {
    super(detail);
    this.name = 'Refusal';
    this.code = code;
    this.errors = options.errors ?? (options.pointer === undefined ? [] : [{ pointer: options.pointer, code, detail }]);
    if (options.retryAfterS !== undefined) this.retryAfterS = options.retryAfterS;
  }
}
