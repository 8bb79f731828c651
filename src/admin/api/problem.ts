import type { FastifyReply, FastifyRequest } from 'fastify';
import { replyWithProblem } from '../../lib/problem.ts';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Not a valid request',
  401: 'The token is not valid',
  403: 'This token does not open that',
  404: 'Nothing is here',
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
