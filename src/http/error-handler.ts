import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { StorageUnavailable } from '../domain/ports/outbox.ts';
import { type FieldError, Refusal } from '../domain/refusal.ts';
import type { Guard } from '../lib/connections.ts';
import { STATUS_CODES } from '../lib/http.ts';
import { codeOfFastify, PROBLEM_TYPE, RETRY_LATER, replyWithProblem } from '../lib/problem.ts';
import { requestIdOf } from '../lib/request.ts';
import { contentOf, PROBLEMS, Problem, type ProblemCode, type ProblemOptions, publicProblemBody } from './problems.ts';
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

/** The causes of an error by name, code and the engine's fixed words for that code (`database or disk is full`); no message. */
function causeOf(cause: unknown): Record<string, unknown> | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code, errstr } = cause as Error & { code?: unknown; errstr?: unknown };
  return { error: cause.name, reason: reasonOf(cause), code, errstr, cause: causeOf(cause.cause) };
}

/** Messages of these are our own sentences, and name files at most. */
function reasonOf(error: Error): string | undefined {
  return error instanceof StorageUnavailable ? error.message : undefined;
}

/**
 * How long a refused connection is read from after its answer. Closing it at once, with bytes unread, resets it, and
 * the client may never see the answer.
 */
const LINGER_MS = 500;

type Deps = {
  readonly logger: Logger;
  readonly guard: Guard;
  /** Called once for each request that was answered with a problem. */
  readonly onProblem: (code: ProblemCode) => void;
};

/** A socket as node's HTTP server leaves it: with the answer that is being written on it, if any. */
type ServerSocket = Socket & { _httpMessage?: ServerResponse | null };

/**
 * Answers what node's parser refuses before fastify sees a request: broken syntax, oversized headers, time-outs.
 * A connection that is not HTTP at all (a reset, a failed TLS handshake) is only closed.
 */
export function createWireErrorHandler({ logger, guard, onProblem }: Deps) {
  return function answerWireError(error: NodeJS.ErrnoException, socket: ServerSocket): void {
    const code = problemOf(error.code);
    const current = socket._httpMessage;
    if (current?.req.complete && !current.writableFinished) {
      // The invalid bytes follow a complete request, which is answered first.
      current.once(
        'finish',
        guard(() => answerWireError(error, socket)),
      );
      return;
    }
    if (!code || current?.headersSent || !socket.writable) {
      // Where an answer to broken input was begun already, a second one would corrupt it.
      if (!socket.writableEnded) socket.destroy();
      return;
    }
    const requestId = String(current?.getHeader('x-request-id') ?? randomUUID());
    logger.info({ event: 'request', requestId, status: PROBLEMS[code].status, code }, 'request');
    onProblem(code);
    socket.end(rawAnswer(code, requestId));
    socket.resume();
    const lingering = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(lingering));
  };
}

/** Answers an `Expect` other than `100-continue` with 417. Node passes such a request to no other handler. */
export function createRefuseExpectation(logger: Logger, onProblem: Deps['onProblem']) {
  return function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
    const code = 'expectation_failed';
    const { status } = PROBLEMS[code];
    const requestId = requestIdOf(request);
    const body = JSON.stringify(publicProblemBody(code, requestId));
    logger.info({ event: 'request', requestId, status, code }, 'request');
    onProblem(code);
    response.writeHead(status, rawHeaders(body, requestId)).end(body);
  };
}

function problemOf(code: string | undefined): ProblemCode | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request_timeout';
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers_too_large';
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 'body_too_large';
  return code?.startsWith('HPE_') ? 'bad_request' : undefined;
}

function rawAnswer(code: ProblemCode, requestId: string): string {
  const { status } = PROBLEMS[code];
  const body = JSON.stringify(publicProblemBody(code, requestId));
  const headers = Object.entries(rawHeaders(body, requestId)).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('')}\r\n${body}`;
}

/** The header fields of an answer that fastify does not give. */
export function rawHeaders(body: string, requestId: string): Record<string, string> {
  return {
    'Content-Type': `${PROBLEM_TYPE}; charset=utf-8`,
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
    // The origin of the page may be unknown. These answers hold no data of a site or person, so any page may read them.
    'Access-Control-Allow-Origin': '*',
    Connection: 'close',
  };
}
