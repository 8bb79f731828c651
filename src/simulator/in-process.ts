import type { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { handleCall, type LogLine } from './endpoint.ts';
import { faultNamed } from './faults/table.ts';
import { createServer } from './http.ts';
import { type Credentials, DEFAULT_RULES, type Rules } from './rules.ts';
import { createState } from './state.ts';

/** What the simulator accepts at a path, and the name of the fault that it answers a call with, whatever the number is. */
export type SimulatedAccount = {
  readonly credentials: Credentials;
  readonly rules?: Partial<Rules>;
  readonly fault?: string;
};

export type InProcessSimulator = {
  /** Opens a connection and gives the client's end of it. */
  connect(): Socket;
  /** Ends all connections. */
  close(): void;
};

/**
 * A simulated provider inside this process. Its connections are pairs of streams in memory: it has no port, and neither end can
 * reach a network. It has no inbox and no control API, and it keeps nothing of a call.
 *
 * @param accountAt what is accepted at a path; `undefined` is answered with 404
 */
export function startInProcess(
  accountAt: (path: string) => SimulatedAccount | undefined,
  log?: (line: LogLine) => void,
): InProcessSimulator {
  const open = new Set<Duplex>();
  const server = createServer((request, response) => {
    const account = accountAt(request.url ?? '/');
    if (!account) {
      response.writeHead(404).end();
      return;
    }
    // A state for each call, so that nothing of the lead outlives it.
    const state = createState(account.credentials, { ...DEFAULT_RULES, ...account.rules }, 1, Date.now);
    const fault = account.fault === undefined ? undefined : faultNamed(account.fault);
    if (fault) state.plan.enqueue({ fault }, 1);
    handleCall(state, request, response, log).catch(() => response.destroy());
  });
  return {
    connect() {
      const [client, service] = duplexPair();
      open.add(service);
      client.once('close', () => service.destroy());
      service.once('close', () => open.delete(service));
      server.emit('connection', asSocket(service, client));
      return asSocket(client, service);
    },
    close() {
      for (const service of open) service.destroy();
    },
  };
}

/** Adds what an HTTP client, a server and the faults call of a socket. No call of a timer or of TCP has an effect. */
function asSocket(end: Duplex, peer: Duplex): Socket {
  return Object.assign(end, {
    ref: () => end,
    unref: () => end,
    setKeepAlive: () => end,
    setNoDelay: () => end,
    setTimeout: () => end,
    destroySoon: () => void end.end(() => end.destroy()),
    resetAndDestroy() {
      peer.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      return end.destroy();
    },
  }) as unknown as Socket;
}
