import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { StorageUnavailable } from '../domain/ports/outbox.ts';
import { type FieldError, Refusal } from '../domain/refusal.ts';
import { codeOfFastify, RETRY_LATER, replyWithProblem } from '../lib/problem.ts';
import type { ProblemCode } from './problem-codes.ts';
import { contentOf, Problem, type ProblemOptions } from './problems.ts';
import { fieldErrors } from './validation.ts';

const UNREADABLE_QUERY = 'The query of the address does not have the form that this path takes.';

/** Faults of the gateway itself; the log has their cause. */
const OURS: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['internal_error', 'storage_unavailable']);

type SendProblem = (
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
) => FastifyReply | Promise<FastifyReply>;

/** Answers a request with a problem, and leaves its code for the request's log line. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, { code, options }: Problem): FastifyReply {
  request.requester.problem = code;
  return replyWithProblem(request, reply, contentOf(code, options), options.headers);
}

/**
 * The one place where errors become answers. A 5xx says nothing of its cause; the log gets the error's class and stack
 * frames, never its message, which may quote the request; a fault of the storage says its reason.
 *
 * @param send answers with a problem: as a document for programs, or as a page for people
 */
export function createErrorHandler(logger: Logger, send: SendProblem = sendProblem) {
  return function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
    const problem = toProblem(error, request);
    if (OURS.has(problem.code)) logger.error(faultFields(error, request.id), 'request failed');
    // fastify closes the connection after a body that it did not parse. Closing with unread bytes resets it, and the
    // client may lose this answer; node drains the rest instead, bounded by the request time-out.
    if (reply.raw.shouldKeepAlive) reply.removeHeader('connection');
    else reply.header('connection', 'close');
    return send(request, reply, problem);
  };
}

function toProblem(error: FastifyError, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refusal) return fromRefusal(error);
  if (error instanceof StorageUnavailable) return new Problem('storage_unavailable', { headers: RETRY_LATER });
  if (error.validation) {
    if (error.validationContext === 'querystring') return new Problem('bad_request', { detail: UNREADABLE_QUERY });
    if (error.validationContext !== 'body') return new Problem('not_found');
    return new Problem('invalid_request', located(fieldErrors(error.validation)));
  }
  // The client disconnected within its body. It reads no answer, but the log line has the right code.
  if (request.raw.destroyed && !request.raw.complete) return new Problem('bad_request');
  return new Problem(codeOfFastify(error) ?? 'internal_error');
}

function fromRefusal({ code, message, errors, retryAfterS }: Refusal): Problem {
  const headers = {
    ...(code === 'invalid_api_key' && { 'www-authenticate': 'Bearer' }),
    ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }),
  };
  return new Problem(code, { detail: message, headers, ...located(errors) });
}

/** A field's own detail reads "Is missing …"; the problem's says which field that is. */
function located(errors: readonly FieldError[]): ProblemOptions {
  const [first] = errors;
  return first ? { detail: `${first.pointer || 'The body'}: ${first.detail}`, errors } : {};
}

function faultFields(error: unknown, requestId: string): Record<string, unknown> {
  if (!(error instanceof Error)) return { event: 'request_fault', requestId, error: typeof error };
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  return {
    event: 'request_fault',
    requestId,
    error: error.name,
    reason: reasonOf(error),
    cause: causeOf(error.cause),
    stack: frames?.join('\n'),
  };
}

/** What lies under it by name, code and the engine's fixed words for that code (`database or disk is full`); no message. */
function causeOf(cause: unknown): Record<string, unknown> | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code, errstr } = cause as Error & { code?: unknown; errstr?: unknown };
  return { error: cause.name, reason: reasonOf(cause), code, errstr, cause: causeOf(cause.cause) };
}

/** Messages of these are our own sentences, and name files at most. */
function reasonOf(error: Error): string | undefined {
  return error instanceof StorageUnavailable ? error.message : undefined;
}
