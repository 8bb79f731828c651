import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/**
 * One line a request, of these fields only. The URL is not among them: a conversation's id in it is a capability.
 * `aborted` marks a caller that went away before it was answered.
 */
export function logRequests(app: FastifyInstance, logger: Logger): void {
  const answered = new WeakSet<FastifyRequest>();
  app.addHook('onResponse', (request, reply, done) => {
    answered.add(request);
    logger.info(fields(request, reply), 'request');
    done();
  });
  app.addHook('onRequestAbort', (request, done) => {
    if (!answered.has(request)) logger.info({ ...fields(request), aborted: true }, 'request');
    done();
  });
}

function fields({ id, method, routeOptions, caller }: FastifyRequest, reply?: FastifyReply): Record<string, unknown> {
  return {
    event: 'request',
    requestId: id,
    method,
    route: routeOptions.url,
    ...(reply && { status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 }),
    code: caller.problem,
    site: caller.site?.key,
    partner: caller.partner?.id,
  };
}
