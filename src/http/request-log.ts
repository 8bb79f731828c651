import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Guard } from '../lib/guard.ts';

/**
 * One line a request, of these fields only, when its answer is complete or cannot be any more. The URL is not among them:
 * a conversation's id in it is a capability. `aborted` marks a client that disconnected before it was answered; fastify's own
 * hooks miss one that leaves while its handler works.
 */
export function logRequests(app: FastifyInstance, logger: Logger, guard: Guard): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = reply;
    const startedAt = performance.now();
    const end = (finished: boolean): void => {
      raw.off('finish', onFinish);
      raw.off('close', onClose);
      const line = fields(request, performance.now() - startedAt);
      if (finished) logger.info({ ...line, status: reply.statusCode }, 'request');
      // A connection that we ended ourselves was answered, and logged, below fastify (`wire-errors.ts`).
      else if (!request.raw.socket.writableEnded) logger.info({ ...line, aborted: true }, 'request');
    };
    const onFinish = guard(() => end(true));
    const onClose = guard(() => end(false));
    raw.on('finish', onFinish);
    raw.on('close', onClose);
    done();
  });
}

function fields(request: FastifyRequest, elapsedMs: number): Record<string, unknown> {
  const { id, method, routeOptions, requester } = request;
  return {
    event: 'request',
    requestId: id,
    method,
    route: routeOptions.url,
    ms: Math.round(elapsedMs * 10) / 10,
    code: requester.problem,
    site: requester.site?.key,
    partner: requester.partner?.id,
  };
}
