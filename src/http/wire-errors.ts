import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Guard } from '../lib/connections.ts';
import { PROBLEM_TYPE } from '../lib/problem.ts';
import { requestIdOf } from '../lib/request.ts';
import { PROBLEMS, type ProblemCode } from './problem-codes.ts';
import { publicProblemBody } from './problems.ts';

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
  return function refuseExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
    const code = 'expectation_failed';
    const { status } = PROBLEMS[code];
    const requestId = requestIdOf(headers);
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

function rawHeaders(body: string, requestId: string): Record<string, string> {
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
