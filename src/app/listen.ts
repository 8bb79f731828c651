import { type EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.ts';

type Address = { readonly host: string; readonly port: number };

/**
 * Opens a listener and gives its base URL, with the actual port when port 0 was configured.
 *
 * @param setting name of the setting of the port, for the error message
 * @throws Error with the port and the setting if another process uses the port
 */
export async function listen(
  app: FastifyInstance,
  { host, port, tls }: Settings['listen'],
  setting: 'PORT' | 'ADMIN_PORT' | 'CONSOLE_PORT',
  open: (app: FastifyInstance, address: Address) => Promise<unknown> = openSocket,
): Promise<string> {
  try {
    await open(app, { host, port });
  } catch (error) {
    const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw inUse
      ? new Error(`port ${port} of ${host} is in use by another process; set another ${setting}`, { cause: error })
      : error;
  }
  const { address, family, port: actual } = app.server.address() as AddressInfo;
  const name = address === '::' || address === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${tls ? 'https' : 'http'}://${name}:${actual}`;
}

function openSocket(app: FastifyInstance, { host, port }: Address): Promise<unknown> {
  return app.listen({ host, port });
}

/** Sockets of the public listener, at most: so many connections are accepted in a turn of the event loop. */
const MOST_SOCKETS = 128;
/** One socket for so many connections, since each takes one of the file descriptors that the limit of connections leaves free. */
const CONNECTIONS_A_SOCKET = 32;

/**
 * Opens a listener with many sockets on one port. Node accepts one connection of each socket in a turn of the event loop. With a
 * single socket, new connections would wait in the system's queue while there is much to do; no answer reaches them there, and
 * the system drops those that are too many (ADR 38). Only Linux shares a port in this way; elsewhere there is one socket.
 *
 * @param maxConnections the most connections that the listener holds at a time
 */
export async function openManySockets(
  app: FastifyInstance,
  { host, port }: Address,
  maxConnections: number,
): Promise<void> {
  if (process.platform !== 'linux') return void (await openSocket(app, { host, port }));
  // A second gateway of the same user could share the port, too. It must be told that the port is in use.
  if (port !== 0) await close(await openServer({ host, port, reusePort: false }));
  await app.listen({ host, port, reusePort: true } as object);
  const server = app.server;
  const { port: actual } = server.address() as AddressInfo;
  const sockets = Math.max(1, Math.min(MOST_SOCKETS, Math.floor(maxConnections / CONNECTIONS_A_SOCKET)));
  const more = Array.from({ length: sockets - 1 }, () => openServer({ host, port: actual, reusePort: true }));
  const others = await Promise.all(more);
  const events: EventEmitter = server;
  for (const other of others) other.on('connection', events.emit.bind(events, 'connection'));
  const closeFirst = server.close.bind(server);
  server.close = (done) => {
    const closed = Promise.all(others.map(close));
    return closeFirst((error) => closed.then(() => done?.(error)));
  };
}

async function openServer(options: Address & { readonly reusePort: boolean }): Promise<Server> {
  // As Node's HTTP server, which serves the connections.
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(options);
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
