import type { FastifyInstance } from 'fastify';

/**
 * Once the server is closing, each answer ends its connection. A kept-alive connection that goes on sending never falls
 * idle, and node would serve it until the grace period is over.
 */
export function endConnectionsOnClose(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
}
