import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import path from 'node:path';
import { handleControl, isControlPath } from './control.ts';
import { handleCall, type LogLine } from './endpoint.ts';
import { HTML, pageOf } from './faults/fault.ts';
import { createServer, sendError } from './http.ts';
import { type Credentials, DEFAULT_RULES, DEMO_CREDENTIALS, type Rules } from './rules.ts';
import { createState } from './state.ts';

export { type Credentials, DEMO_CREDENTIALS, type Rules } from './rules.ts';

export const ENDPOINT_PATH = '/MobileTextConnectRestService.svc/InitiateMobileTextConversation';

/** Longer than any client keeps an idle connection, so that the simulator never closes one when a call starts. */
const KEEP_ALIVE_MS = 120_000;

export type SimulatorOptions = {
  /** Address to listen on; loopback by default. */
  readonly host?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly credentials?: Credentials;
  /** Rules that differ from the default ones. */
  readonly strict?: Partial<Rules>;
  /** Messages that the inbox keeps, 500 by default. The counters cover all messages. */
  readonly capacity?: number;
  /** Called once a call, when the call ends. */
  readonly log?: (line: LogLine) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
};

export type Simulator = {
  /** The URL that the gateway calls. */
  readonly endpoint: string;
  /** The page that shows arriving conversations. */
  readonly inboxUrl: string;
  /** The base URL of the control API; see `docs/simulator.md`. */
  readonly controlUrl: string;
  /** Stops at once and closes all open connections. May be called more than once. */
  close(): Promise<void>;
};

/** Starts a simulated provider. Rejects with Node's own error when the address cannot be listened on. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', port = 0, credentials = DEMO_CREDENTIALS, capacity = 500, log, now = Date.now } = options;
  const state = createState(credentials, { ...DEFAULT_RULES, ...options.strict }, capacity, now);
  const pages = loadPages();

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? '/', 'http://simulator');
    if (url === null) return sendError(response, 400, 'the path is invalid');
    if (url.pathname === ENDPOINT_PATH) {
      if (request.method === 'POST') return handleCall(state, request, response, log);
      response.writeHead(405, { allow: 'POST', 'content-type': HTML });
      response.end(pageOf('Service', 'Method not allowed.'));
    } else if (!isOwnHost(request.headers.host, host)) {
      sendError(response, 403, 'the Host header names another host: use localhost, an IP address or SIMULATOR_HOST');
    } else if (isControlPath(url.pathname)) await handleControl(state, url, request, response);
    else if (request.method !== 'GET' || !pages(url.pathname, response))
      sendError(response, 404, 'no page has this path');
  }

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, (request, response) => {
    // A fault of the simulator ends this one call and not the process.
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

/**
 * Whether a request for the inbox or the control API was meant for the simulator. A page of another site can let its own name
 * point to this machine (DNS rebinding) and would then read all leads; it needs a name of the public DNS, which has a dot. The
 * provider's endpoint tells nothing of leads, and may be called by any name.
 *
 * @param listening the address or name that the simulator listens on
 */
function isOwnHost(header: string | undefined, listening: string): boolean {
  const name = URL.parse(`http://${header}`)?.hostname;
  if (name === undefined) return false;
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || !name.includes('.')) return true;
  return name.endsWith('.localhost') || name === listening.toLowerCase();
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** The origin that a client on this machine can open, which no wildcard address is. */
function originOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

const FOLDER = path.join(import.meta.dirname, 'inbox');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const FILES = [
  'inbox.html',
  'icon.svg',
  'theme.css',
  'inbox.css',
  'list.css',
  'details.css',
  'panel.css',
  'narrow.css',
  'inbox.js',
  'feed.js',
  'list.js',
  'details.js',
  'panel.js',
  'dom.js',
];

/**
 * Leads may contain hostile text. Under this policy text that is taken for markup can run and load nothing. Only the demo
 * page of a gateway on this machine may show the inbox in a frame.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  'frame-ancestors http://127.0.0.1:* http://localhost:*',
  "require-trusted-types-for 'script'",
].join('; ');

export type Pages = (path: string, response: ServerResponse) => boolean;

/** Reads the inbox's files once. The returned function answers a path with its file, or returns false where there is none. */
export function loadPages(): Pages {
  const files = new Map<string, { type: string; body: Buffer }>();
  for (const name of FILES) {
    const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
    files.set(name === 'inbox.html' ? '/' : `/${name}`, { type, body: readFileSync(path.join(FOLDER, name)) });
  }
  return (pathname, response) => {
    const file = files.get(pathname);
    if (file === undefined) return false;
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': file.body.length,
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
    response.end(file.body);
    return true;
  };
}
