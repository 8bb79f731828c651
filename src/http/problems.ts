import type { FieldError } from '../domain/refusal.ts';
import { type ProblemBody, type ProblemContent, problemBody } from '../lib/problem.ts';
import { PROBLEMS, type ProblemCode } from './problem-codes.ts';

/** What one problem adds to its kind. `headers` go on the answer, `detail` defaults to the kind's remedy. */
export type ProblemOptions = {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** With `lead_rejected`. */
  readonly extensions?: { readonly id: string; readonly reference?: string; readonly reason: string };
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
