import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How often connections are looked at while closing, and so how long a request that has begun may take to be read. */
const LOOK_EVERY_MS = 1_000;
/** So many looks an answer that is written may wait for its reader. */
const LOOKS_UNREAD = 3;

type Exchange = { readonly request: IncomingMessage; readonly reply: ServerResponse };

/**
 * Lets no connection keep the server from closing. A request that is read gets its answer, which ends its connection; a
 * kept-alive one that goes on sending would never fall idle. What has not sent a whole request within a second is cut:
 * node stops looking for slow senders once it closes, and a connection that never sent a byte is none of its idle ones.
 */
export function endConnectionsOnClose(app: FastifyInstance): void {
  const connections = trackConnections(app);
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
    if (!app.server.listening) return;
    const looking = setInterval(() => {
      for (const [socket, exchanges] of connections) if (!exchanges.some(isOwed)) socket.destroy();
    }, LOOK_EVERY_MS);
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

/** Every open connection with what is under way on it, over TLS also those that have not shaken hands. */
function trackConnections({ server }: FastifyInstance): ReadonlyMap<Socket, Exchange[]> {
  const connections = new Map<Socket, Exchange[]>();
  // A TLS socket does not tell which plain one it took over; both have the same far end.
  const byFarEnd = new Map<string, Socket>();
  const track = (socket: Socket): void => {
    const farEnd = `${socket.remoteAddress} ${socket.remotePort}`;
    connections.delete(byFarEnd.get(farEnd) ?? socket);
    byFarEnd.set(farEnd, socket);
    connections.set(socket, []);
    socket.once('close', () => {
      connections.delete(socket);
      if (byFarEnd.get(farEnd) === socket) byFarEnd.delete(farEnd);
    });
  };
  server.on('connection', track);
  server.on('secureConnection', track);
  server.prependListener('request', (request: IncomingMessage, reply: ServerResponse) => {
    const exchanges = connections.get(request.socket);
    if (!exchanges) return;
    while (exchanges[0]?.reply.writableFinished) exchanges.shift();
    exchanges.push({ request, reply });
  });
  return connections;
}
