import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Connections, Exchange } from './connections.ts';

/** How often connections are looked at while closing, and so how long a request that has begun may take to be read. */
const LOOK_EVERY_MS = 1_000;
/** So many looks an answer that is written may wait for its reader. */
const LOOKS_UNREAD = 3;

/**
 * Lets no connection keep the server from closing. A request that is read gets its answer, which ends its connection; a
 * kept-alive one that goes on sending would never fall idle. What has not sent a whole request within a second is cut:
 * node stops looking for slow senders once it closes, and a connection that never sent a byte is none of its idle ones.
 */
export function endConnectionsOnClose(app: FastifyInstance, { open, guard }: Connections): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
    if (!app.server.listening) return;
    const look = guard(() => {
      for (const [socket, { exchanges }] of open) if (!exchanges.some(isOwed)) socket.destroy();
    });
    const looking = setInterval(look, LOOK_EVERY_MS);
    app.server.once('close', () => clearInterval(looking));
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });

  const unread = new WeakMap<ServerResponse, number>();
  const isOwed = ({ request, reply }: Exchange): boolean => {
    if (!request.complete || reply.writableFinished) return false;
    if (!reply.writableEnded) return true;
    const looks = (unread.get(reply) ?? 0) + 1;
    unread.set(reply, looks);
    return looks < LOOKS_UNREAD;
  };
}
