import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { createGuard, type Guard } from './guard.ts';

/** What one peer may make a listener hold. */
export type ConnectionLimits = {
  /** Open connections; further ones are closed as soon as they are accepted. */
  readonly connections: number;
  /** Requests of one connection that are unanswered, or whose answers are unread; one more ends the connection. */
  readonly unanswered: number;
  /** Requests that one connection brings in all; the answer to the last one closes it. */
  readonly requests: number;
  /** How long a peer may read nothing of what is written to it, in milliseconds. */
  readonly unreadMs: number;
  /** How long a TLS handshake may take, in milliseconds. */
  readonly handshakeMs: number;
};

/**
 * No browser pipelines, and the tools that do send a handful of requests at a time. Node hands over every request of a chunk
 * (64 KiB: 1,500 small ones) at once, so that pausing the socket would come too late: the connection ends.
 */
export const CONNECTION_LIMITS: Omit<ConnectionLimits, 'connections'> = {
  unanswered: 16,
  requests: 1_000,
  unreadMs: 10_000,
  handshakeMs: 5_000,
};

/** Longer than load balancers keep an idle connection (60 s), so that it is not we who close one under a request. */
const KEEP_ALIVE_MS = 72_000;

/** A socket as node's HTTP server leaves it, with its parser. */
type ServerSocket = Socket & { parser?: { onIncoming?: () => number } | null };

/** What node's parser takes as: no further request follows, as behind an `Upgrade`. */
const NO_MORE_REQUESTS = 2;

export type Exchange = { readonly request: IncomingMessage; readonly reply: ServerResponse };

/** An open connection: what is under way on it, oldest first, and how many requests came over it. */
export type Connection = { readonly exchanges: Exchange[]; requests: number };

/** Makes the server of one listener, and knows its open connections. */
export type Connections = {
  /** For fastify's option of this name. */
  readonly serverFactory: (handler: RequestListener) => Server;
  /** Over TLS also those that have not shaken hands. */
  readonly open: ReadonlyMap<Socket, Connection>;
  readonly guard: Guard;
};

type Parts = {
  readonly limits: ConnectionLimits;
  /** Time limits of node's own for reading requests. */
  readonly options: ServerOptions;
  /** With it the server speaks HTTPS. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Answers an `Expect` other than `100-continue`; node's own answer by default. */
  readonly refuseExpectation?: RequestListener;
  readonly logger: Logger;
};

/**
 * Bounds what peers can do to a listener by its connections: memory, time, and exceptions outside of a request. A request
 * whose peer is gone already, so that it has no address, is dropped unanswered: it is nobody's.
 */
export function createConnections({ limits, options, tls, refuseExpectation = refuse, logger }: Parts): Connections {
  const open = new Map<Socket, Connection>();
  // A TLS socket does not tell which plain one it took over; both have the same far end.
  const byFarEnd = new Map<string, Socket>();
  const guard = createGuard(logger);

  const end = (socket: ServerSocket, cause: 'pipelined' | 'unread'): void => {
    socket.destroy();
    // Node would make objects of every request that is left in the chunk: 20 ms of everybody's time.
    if (socket.parser) socket.parser.onIncoming = () => NO_MORE_REQUESTS;
    logger.info({ event: 'connection_ended', cause }, 'connection ended');
  };

  const track = (socket: Socket): void => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined) return void socket.destroy();
    const farEnd = `${remoteAddress} ${remotePort}`;
    open.delete(byFarEnd.get(farEnd) ?? socket);
    byFarEnd.set(farEnd, socket);
    open.set(socket, { exchanges: [], requests: 0 });
    socket.once('close', () => {
      open.delete(socket);
      if (byFarEnd.get(farEnd) === socket) byFarEnd.delete(farEnd);
    });
  };

  /** Hands on the requests that the limits let through. */
  const gate =
    (handler: RequestListener): RequestListener =>
    (request, reply) => {
      const { socket } = request;
      const connection = open.get(socket);
      // Ended, by its peer or by us, with requests left in what had been read.
      if (connection === undefined || socket.destroyed) return void socket.destroy();
      const { exchanges } = connection;
      dropFinished(exchanges);
      if (exchanges.length >= limits.unanswered) return end(socket, 'pipelined');
      exchanges.push({ request, reply });
      connection.requests += 1;
      // What was sent behind the last one is not answered: the connection closes with that one's answer.
      if (connection.requests > limits.requests) return;
      if (connection.requests === limits.requests) reply.shouldKeepAlive = false;
      try {
        handler(request, reply);
      } catch (error) {
        socket.destroy();
        throw error;
      }
    };

  /** After a time without a byte in either direction: keeps whoever waits for us, and ends whoever lets us wait. */
  const onTimeout = (socket: Socket): void => {
    const exchanges = open.get(socket)?.exchanges ?? [];
    dropFinished(exchanges);
    if (socket.writableLength > 0) end(socket, 'unread');
    // The oldest is not read whole (node's own time limits see to that) or not answered yet (the handler's do).
    else if (exchanges.length === 0) socket.destroy();
  };

  return {
    open,
    guard,
    serverFactory(handler) {
      const onRequest = guard(gate(handler));
      const all: ServerOptions = { keepAliveTimeout: KEEP_ALIVE_MS, ...options };
      const server = tls
        ? createHttpsServer({ ...all, ...tls, handshakeTimeout: limits.handshakeMs }, onRequest)
        : createHttpServer(all, onRequest);
      server.maxConnections = limits.connections;
      server.setTimeout(limits.unreadMs, guard(onTimeout));
      server.on('connection', guard(track));
      server.on('secureConnection', guard(track));
      server.on('checkExpectation', guard(gate(refuseExpectation)));
      // The system accepts no connection for lack of files or memory: those that are open go on, and so does listening.
      server.on('error', ({ code }: NodeJS.ErrnoException) => {
        if (server.listening) logger.error({ event: 'accept_fault', code }, 'a connection could not be accepted');
      });
      return server;
    },
  };
}

/** Answers finish in the order of their requests. */
function dropFinished(exchanges: Exchange[]): void {
  while (exchanges[0]?.reply.writableFinished) exchanges.shift();
}

function refuse(_request: IncomingMessage, reply: ServerResponse): void {
  reply.writeHead(417).end();
}
