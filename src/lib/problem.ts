import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from './http.ts';
import { instanceOf } from './request.ts';

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

/** A problem before it answers a request. */
export type ProblemContent<Code extends string = string> = {
  /** `about:blank` where no page explains the code. */
  readonly type?: string;
  /** Defaults to the phrase of the status. */
  readonly title?: string | undefined;
  readonly status: number;
  readonly detail: string;
  readonly code: Code;
  /** Members beside those of every problem. */
  readonly more?: object;
};

/** The body of an error answer, in the order of its members. @param requestId of `requestIdOf` */
export function problemBody<Code extends string>(content: ProblemContent<Code>, requestId: string): ProblemBody<Code> {
  const { type = 'about:blank', status, title = STATUS_CODES[status] ?? 'Error', detail, code, more } = content;
  return { type, title, status, detail, instance: instanceOf(requestId), code, requestId, ...more };
}

/** Answers a request with a problem, which no cache may keep. */
export function replyWithProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  content: ProblemContent,
  headers: Readonly<Record<string, string>> = {},
): FastifyReply {
  return reply
    .code(content.status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .type(PROBLEM_TYPE)
    .send(problemBody(content, request.id));
}

/** For what the storage or a handler could not do now: nothing is wrong with the request. */
export const RETRY_LATER = { 'retry-after': '5' } as const;

/** Codes that mean the same on both listeners. */
export type CommonCode = 'bad_request' | 'invalid_json' | 'not_found' | 'body_too_large' | 'unsupported_media_type';

const FASTIFY_CODES: Readonly<Record<string, CommonCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_BAD_URL: 'not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
};

/** The problem that fastify itself found in a request; `undefined` for any other error, which is then a fault of the gateway. */
export function codeOfFastify({ code }: { readonly code?: string }): CommonCode | undefined {
  return code === undefined ? undefined : FASTIFY_CODES[code];
}
