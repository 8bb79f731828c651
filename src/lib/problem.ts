import { STATUS_CODES } from 'node:http';
import { instanceOf } from './request-id.ts';

/** The media type of an RFC 9457 problem. */
export const PROBLEM_TYPE = 'application/problem+json';

/** An RFC 9457 problem of either listener. `type` points into the reference, `instance` names this one occurrence. */
export type ProblemBody<Code extends string = string> = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: Code;
  readonly requestId: string;
};

/**
 * The body of an error answer, in the order of its members.
 *
 * @param type `about:blank` where no page explains the code
 * @param title defaults to the phrase of the status
 * @param requestId of `requestIdOf`
 */
export function problemBody<Code extends string>(problem: {
  readonly type?: string;
  readonly title?: string | undefined;
  readonly status: number;
  readonly detail: string;
  readonly code: Code;
  readonly requestId: string;
}): ProblemBody<Code> {
  const { type = 'about:blank', status, title = STATUS_CODES[status] ?? 'Error', detail, code, requestId } = problem;
  return { type, title, status, detail, instance: instanceOf(requestId), code, requestId };
}
