import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleControl, isControlPath } from './control/routes.ts';
import { HTML, pageOf } from './documents.ts';
import { handleCall, type LogLine } from './endpoint.ts';
import { loadPages } from './pages.ts';
import { sendError } from './respond.ts';
import { type Credentials, DEFAULT_RULES, DEMO_CREDENTIALS, type Rules } from './rules.ts';
import { createState } from './state.ts';

export { type Credentials, DEMO_CREDENTIALS, type Rules } from './rules.ts';

export const ENDPOINT_PATH = '/MobileTextConnectRestService.svc/InitiateMobileTextConversation';

/** Longer than any client keeps an idle connection, so that it is never we who close one under a call. */
const KEEP_ALIVE_MS = 120_000;

export type SimulatorOptions = {
  /** Address to listen on; loopback unless told otherwise. */
  readonly host?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly credentials?: Credentials;
  /** Where it is stricter than by default. */
  readonly strict?: Partial<Rules>;
  /** Messages that the inbox keeps, 500 by default; counters are not bounded by it. */
  readonly capacity?: number;
  /** Called once a call, when it is over. */
  readonly log?: (line: LogLine) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
};

export type Simulator = {
  /** Where the gateway calls. */
  readonly endpoint: string;
  /** The page on which a person sees conversations arrive. */
  readonly inboxUrl: string;
  /** Where the control API begins; see `docs/simulator.md`. */
  readonly controlUrl: string;
  /** Stops at once: open connections are cut. Closing twice is closing once. */
  close(): Promise<void>;
};

/** Starts a provider to run against. Rejects with node's own error where the address cannot be listened on. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, credentials = DEMO_CREDENTIALS, capacity = 500, log, now = Date.now } = options;
  const state = createState(credentials, { ...DEFAULT_RULES, ...options.strict }, capacity, now);
  const pages = loadPages();

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '/', 'http://simulator');
    if (url === null) return sendError(response, 400, 'the path is not one');
    if (url.pathname === ENDPOINT_PATH) {
      if (request.method === 'POST') return handleCall(state, request, response, log);
      response.writeHead(405, { allow: 'POST', 'content-type': HTML });
      response.end(pageOf('Service', 'Method not allowed.'));
    } else if (isControlPath(url.pathname)) await handleControl(state, url, request, response);
    else if (request.method !== 'GET' || !pages(url.pathname, response)) sendError(response, 404, 'nothing is here');
  }

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, (request, response) => {
    // What fails here is a mistake of ours; it costs its own call and not the process.
    route(request, response).catch(() => response.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  // The system accepts no connection for lack of files or memory: those that are open go on, and so does listening.
  server.on('error', () => undefined);

  let closed: Promise<void> | undefined;
  const origin = originOf(server.address() as AddressInfo);
  return {
    endpoint: `${origin}${ENDPOINT_PATH}`,
    inboxUrl: `${origin}/`,
    controlUrl: `${origin}/control`,
    close: () => {
      closed ??= stop(server);
      return closed;
    },
  };
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** An address that a client on this machine can open; a wildcard is none. */
function originOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
