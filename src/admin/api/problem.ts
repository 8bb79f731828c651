import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';
import type { Logger } from 'pino';
import { StorageUnavailable } from '../../domain/ports/outbox.ts';
import { type CommonCode, codeOfFastify, RETRY_LATER, replyWithProblem } from '../../lib/problem.ts';
import { OperationError, type OperationFault } from '../operations/input.ts';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Not a valid request',
  401: 'The token is not valid',
  403: 'This token does not open that',
  404: 'Nothing is here',
  409: 'Something else depends on it',
  412: 'Somebody else changed it',
  413: 'The body is too large',
  417: 'The expectation cannot be met',
  415: 'The body is of an unsupported type',
  422: 'The request cannot be done',
  429: 'Too many wrong tokens',
  500: 'Something went wrong here',
  503: 'The storage does not answer right now',
};

/** A request of an operator that ends in an error answer. */
export class AdminProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.name = 'AdminProblem';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** Answers with an RFC 9457 problem of the same fields as the public listener's. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: AdminProblem): FastifyReply {
  const { status, code, headers, message: detail } = problem;
  return replyWithProblem(request, reply, { title: TITLES[status], status, detail, code }, headers);
}

/** Status and code of an operation that could not be done. */
const OPERATIONS: Readonly<Record<OperationFault, readonly [status: number, code: string]>> = {
  invalid: [422, 'invalid_request'],
  not_found: [404, 'not_found'],
  rejected: [422, 'invalid_entry'],
  conflict: [412, 'version_conflict'],
  in_use: [409, 'entry_in_use'],
};

/** What fastify itself refuses. */
const COMMON: Readonly<Record<CommonCode, readonly [status: number, detail: string]>> = {
  bad_request: [400, 'Content-Length is not that of the body.'],
  invalid_json: [400, 'Send a JSON object.'],
  not_found: [404, 'GET /openapi.json lists the routes.'],
  body_too_large: [413, 'Send less: 64 KiB at most, 2 MiB for an entry, 4 MiB for an import.'],
  unsupported_media_type: [415, 'Send application/json.'],
};

/** The one place where errors become answers of the operators' listener. No answer quotes what was sent. */
export function createErrorHandler(logger: Logger) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const problem = toProblem(error);
    if (problem.status >= 500) {
      logger.error({ event: 'admin_fault', requestId: request.id, err: error }, 'admin fault');
    }
    return sendProblem(request, reply, problem);
  };
}

function toProblem(error: FastifyError): AdminProblem {
  if (error instanceof AdminProblem) return error;
  if (error instanceof OperationError) return new AdminProblem(...OPERATIONS[error.code], error.message);
  if (error instanceof StorageUnavailable) {
    return new AdminProblem(503, 'storage_unavailable', 'Try again shortly.', RETRY_LATER);
  }
  if (error.validation) return new AdminProblem(422, 'invalid_request', whatIsWrong(error.validation));
  const code = codeOfFastify(error);
  if (code === undefined) return new AdminProblem(500, 'internal_error', 'Look at the log.');
  const [status, detail] = COMMON[code];
  return new AdminProblem(status, code, detail);
}

function whatIsWrong([failure]: readonly FastifySchemaValidationError[]): string {
  if (!failure) return 'The request does not follow the schema.';
  const { instancePath, keyword, params, message } = failure;
  if (keyword === 'additionalProperties') {
    const name = String(params.additionalProperty);
    const hint = name === 'phone' ? '; numbers belong into a body, not into an address: POST /leads/search' : '';
    return `${instancePath}/${name.slice(0, 64)} is not known here${hint}`;
  }
  return `${instancePath || 'the body'} ${message ?? 'is wrong'}`;
}
