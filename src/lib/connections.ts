import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createServer as createHttpServer } from './http.ts';

/** Limits of the resources that peers may occupy on a listener. */
export type ConnectionLimits = {
  /** Open connections of the listener; a further one is closed as soon as it is accepted. */
  readonly connections: number;
  /** Requests of one connection that are unanswered or whose answers are unread. One more request ends the connection. */
  readonly unanswered: number;
  /** Requests of one connection in total; the answer to the last one closes the connection. */
  readonly requests: number;
  /** How long a peer may leave written data unread, in milliseconds. */
  readonly unreadMs: number;
  /** How long a TLS handshake may take, in milliseconds. */
  readonly handshakeMs: number;
};

/**
 * Browsers do not pipeline, and tools that do send a handful of requests at a time. Node passes on all requests of a chunk
 * (64 KiB, up to 1,500 small requests) at once, so pausing the socket would come too late, and the connection is ended instead.
 */
export const CONNECTION_LIMITS: Omit<ConnectionLimits, 'connections'> = {
  unanswered: 16,
  requests: 1_000,
  unreadMs: 10_000,
  handshakeMs: 5_000,
};

/** Longer than load balancers keep an idle connection (60 s), so that this server closes none while a request is on its way. */
const KEEP_ALIVE_MS = 72_000;

/** The part of a listener's connections that are spare: a request there can be answered that there are too many. */
const SPARE = 0.05;

/** A socket of Node's HTTP server, with its parser. */
type ServerSocket = Socket & { parser?: { onIncoming?: () => number } | null };

/** The result of `onIncoming` that tells Node's parser to expect no further request, as after an `Upgrade`. */
const NO_MORE_REQUESTS = 2;

export type Exchange = { readonly request: IncomingMessage; readonly reply: ServerResponse };

/**
 * An open connection: its exchanges under way, oldest first, the number of its requests so far, and whether it is one of the
 * last that the listener may hold.
 */
export type Connection = { readonly exchanges: Exchange[]; requests: number; readonly isSpare: boolean };

/** Creates the server of one listener and tracks its open connections. */
export type Connections = {
  /** For fastify's option `serverFactory`. */
  readonly serverFactory: (handler: RequestListener) => Server;
  /** Includes TLS connections whose handshake is not complete. */
  readonly open: ReadonlyMap<Socket, Connection>;
  readonly guard: Guard;
};

type Parts = {
  readonly limits: ConnectionLimits;
  /** Node's own time limits for reading requests. */
  readonly options: ServerOptions;
  /** If present, the server speaks HTTPS. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Answers a request with an `Expect` other than `100-continue`; 417 without a body by default. */
  readonly refuseExpectation?: RequestListener;
  /**
   * Passes requests with an `Expect` to the handler before anything is written, and calls `refuseExpectation` for none. Otherwise
   * Node writes 100 Continue by itself.
   */
  readonly handlerExpects?: boolean;
  readonly logger: Logger;
};

/**
 * Bounds the memory and time that the connections of a listener take, and catches exceptions outside of a request. A
 * connection whose peer has already gone has no address, and its requests are dropped without an answer.
 */
export function createConnections({
  limits,
  options,
  tls,
  refuseExpectation = refuse,
  handlerExpects,
  logger,
}: Parts): Connections {
  const open = new Map<Socket, Connection>();
  // A TLS socket does not reveal which plain socket it took over, but both have the same far end.
  const byFarEnd = new Map<string, Socket>();
  const guard = createGuard(logger);
  const ordinary = limits.connections - Math.floor(limits.connections * SPARE);

  const end = (socket: ServerSocket, cause: 'pipelined' | 'unread'): void => {
    socket.destroy();
    // Otherwise Node would create objects for all requests that are left in the chunk, which blocks the event loop for 20 ms.
    if (socket.parser) socket.parser.onIncoming = () => NO_MORE_REQUESTS;
    logger.info({ event: 'connection_ended', cause }, 'connection ended');
  };

  const track = (socket: Socket): void => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined) return void socket.destroy();
    const farEnd = `${remoteAddress} ${remotePort}`;
    open.delete(byFarEnd.get(farEnd) ?? socket);
    // Node itself counts only the connections of one of the listener's sockets.
    if (open.size >= limits.connections) return void socket.destroy();
    byFarEnd.set(farEnd, socket);
    open.set(socket, { exchanges: [], requests: 0, isSpare: open.size >= ordinary });
    socket.once('close', () => {
      open.delete(socket);
      if (byFarEnd.get(farEnd) === socket) byFarEnd.delete(farEnd);
    });
  };

  /** Passes on the requests that are within the limits. */
  const gate =
    (handler: RequestListener): RequestListener =>
    (request, reply) => {
      const { socket } = request;
      const connection = open.get(socket);
      // The connection has ended, and this request was left in the data that had been read.
      if (connection === undefined || socket.destroyed) return void socket.destroy();
      const { exchanges } = connection;
      dropFinished(exchanges);
      if (exchanges.length >= limits.unanswered) return end(socket, 'pipelined');
      exchanges.push({ request, reply });
      connection.requests += 1;
      // Requests after the last allowed one get no answer, because the answer to that one closes the connection.
      if (connection.requests > limits.requests) return;
      if (connection.requests === limits.requests) reply.shouldKeepAlive = false;
      try {
        handler(request, reply);
      } catch (error) {
        socket.destroy();
        throw error;
      }
    };

  /**
   * Runs after a time without a byte in either direction. Ends a connection that is idle or whose peer reads nothing, and keeps
   * one whose peer waits for an answer.
   */
  const onTimeout = (socket: Socket): void => {
    const exchanges = open.get(socket)?.exchanges ?? [];
    dropFinished(exchanges);
    if (socket.writableLength > 0) end(socket, 'unread');
    // Otherwise the oldest request is incomplete (Node's time limits apply) or unanswered (the handler's apply).
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
      // A client may end its sending side after its request (RFC 9112, section 9.6) and still read: Node would drop the request.
      (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
      server.setTimeout(limits.unreadMs, guard(onTimeout));
      server.on('connection', guard(track));
      server.on('secureConnection', guard(track));
      server.on('checkExpectation', handlerExpects ? onRequest : guard(gate(refuseExpectation)));
      if (handlerExpects) server.on('checkContinue', onRequest);
      // The system has no file descriptor or memory for another connection. Open connections and listening go on.
      server.on('error', ({ code }: NodeJS.ErrnoException) => {
        if (server.listening) logger.error({ event: 'accept_fault', code }, 'a connection could not be accepted');
      });
      return server;
    },
  };
}

/** Removes the finished exchanges. Answers finish in the order of their requests. */
function dropFinished(exchanges: Exchange[]): void {
  while (exchanges[0]?.reply.writableFinished) exchanges.shift();
}

function refuse(_request: IncomingMessage, reply: ServerResponse): void {
  reply.writeHead(417).end();
}

/** The interval of the checks while closing, and so the time that reading an incomplete request may still take. */
const CHECK_EVERY_MS = 1_000;
/** How many checks a written answer may stay unread. */
const CHECKS_UNREAD = 3;

/**
 * Ensures that no connection keeps the server from closing. A request that has arrived gets its answer, which closes the
 * connection; otherwise a keep-alive connection that keeps sending requests would never become idle. A connection without a
 * complete request is closed within a second: Node stops its checks for slow senders while it closes, and does not count a
 * connection that never sent a byte as idle.
 */
export function endConnectionsOnClose(app: FastifyInstance, { open, guard }: Connections): void {
  let closing = false;
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onClose', async () => clearInterval(timer));
  app.addHook('preClose', async () => {
    closing = true;
    if (!app.server.listening) return;
    const check = guard(() => {
      for (const [socket, { exchanges }] of open) if (!exchanges.some(isOwed)) socket.destroy();
    });
    timer = setInterval(check, CHECK_EVERY_MS);
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });

  const unread = new WeakMap<ServerResponse, number>();
  const isOwed = ({ request, reply }: Exchange): boolean => {
    if (!request.complete || reply.writableFinished) return false;
    if (!reply.writableEnded) return true;
    const checks = (unread.get(reply) ?? 0) + 1;
    unread.set(reply, checks);
    return checks < CHECKS_UNREAD;
  };
}

/** Wraps a listener so that it never throws. */
export type Guard = <Arguments extends readonly unknown[]>(
  listener: (...args: Arguments) => void,
) => (...args: Arguments) => void;

/**
 * Creates a guard for listeners and timers. They run outside of every request's promise chain, where an exception would end
 * the process. An exception of a guarded listener is logged as `listener_fault` and affects only the event at hand.
 */
export function createGuard(logger: Pick<Logger, 'error'>): Guard {
  return (listener) =>
    (...args) => {
      try {
        listener(...args);
      } catch (err) {
        logger.error({ event: 'listener_fault', err }, 'listener fault');
      }
    };
}
