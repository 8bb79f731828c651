import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import type { WidgetFiles } from '../../../scripts/build-widget.ts';
import { DIALOG_WORDS, spoken } from '../../../src/words/languages.ts';

export type Received = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
};

/** How a call ends: an answer, a connection that breaks, or one that never ends. */
export type Reply =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'reset'
  | 'hang';

export type FakeGateway = {
  /** With a slash at its end. */
  readonly url: string;
  readonly received: readonly Received[];
  /** Posts so far. */
  posts(): readonly Received[];
  /** Lead by idempotency key, as the real one counts them: answered 201 or 202 here. */
  readonly leads: ReadonlyMap<string, Received>;
  /** What `GET /sites/{key}/form` tells; a function is asked with the query's `lang`. */
  form: Record<string, unknown> | ((lang: string) => Record<string, unknown>);
  /** How the next calls of a kind end; without any, well. `widget` is every script but the dialog's. */
  readonly next: { post: Reply[]; form: Reply[]; dialog: Reply[]; widget: Reply[] };
  /** Whether every call ends with a broken connection. */
  isDown: boolean;
  /** Resolves with the next call whose method and path match. */
  arrival(method: string, path: RegExp): Promise<Received>;
};

export const FORM = {
  site: 'demo',
  country: 'US',
  countries: ['US'],
  consent: { required: false },
  fields: { firstName: 'shown', lastName: 'shown', question: 'shown' },
  texts: {},
  minFillS: 0,
};

/** The gateway's part of the contract, on loopback, for one test. Form tokens are `token-1`, `token-2`, … */
export async function startFakeGateway(t: Test, { files }: WidgetFiles): Promise<FakeGateway> {
  const received: Received[] = [];
  const leads = new Map<string, Received>();
  const waiting = new Set<(call: Received) => void>();
  let tokens = 0;

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://gateway');
    if (gateway.isDown) return request.socket.destroy();
    const call = {
      method: request.method ?? '',
      path: url.pathname,
      headers: request.headers,
      body: await read(request),
    };
    allow(request, response);
    if (call.method === 'OPTIONS') return response.writeHead(204).end();
    received.push(call);
    for (const look of waiting) look(call);
    const [kind = ''] = url.pathname.match(/dialog|widget(?!.*dialog)|form$/) ?? [];
    const queue = kind === 'dialog' || kind === 'widget' || kind === 'form' ? kind : 'post';
    const reply = gateway.next[queue].shift() ?? usual(call, url);
    if (reply === 'hang') return;
    if (reply === 'reset') return request.socket.destroy();
    const key = String(call.headers['idempotency-key']);
    if (queue === 'post' && reply.status < 300) leads.set(key, leads.get(key) ?? call);
    answer(response, reply);
  });

  const usual = ({ path }: Received, url: URL): Reply => {
    if (path.startsWith('/widget/')) {
      const file = files.get(path.slice('/widget/'.length));
      return file ? { status: 200, body: file.body, headers: { 'content-type': file.type } } : { status: 404 };
    }
    if (path.endsWith('/form')) {
      const asked = url.searchParams.get('lang') ?? '';
      const form = typeof gateway.form === 'function' ? gateway.form(asked) : gateway.form;
      const { text } = Object(form.consent);
      const texts = { ...DIALOG_WORDS[spoken(asked) ?? 'en'], ...(text && { consent: text }), ...Object(form.texts) };
      const lang = spoken(asked) || Object.keys(Object(form.texts)).length > 0 ? asked : 'en';
      return { status: 200, body: { formToken: `token-${++tokens}`, lang, ...form, texts } };
    }
    return delivered();
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const gateway: FakeGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received,
    leads,
    isDown: false,
    form: FORM,
    next: { post: [], form: [], dialog: [], widget: [] },
    posts: () => received.filter(({ path, method }) => method === 'POST' && path === '/conversations'),
    arrival(method, path) {
      return new Promise((resolve) => {
        const look = (call: Received): void => {
          if (call.method !== method || !path.test(call.path)) return;
          waiting.delete(look);
          resolve(call);
        };
        waiting.add(look);
      });
    },
  };
  return gateway;
}

/** `201`. */
export function delivered(): Reply {
  return { status: 201, body: { id: 'cnv_1', status: 'delivered', attempts: 1 } };
}

/** A problem with its code, and fields that are wrong by pointer. */
export function problem(status: number, code: string, pointers: readonly string[] = [], headers = {}): Reply {
  return {
    status,
    body: { status, code, errors: pointers.map((pointer) => ({ pointer, code, detail: 'Would be otherwise.' })) },
    headers,
  };
}

function allow({ headers }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', headers.origin ?? '*');
  response.setHeader('access-control-allow-headers', 'content-type, idempotency-key');
  response.setHeader('access-control-expose-headers', 'retry-after');
  // On a connection that it used before, a browser repeats by itself what is reset.
  response.setHeader('connection', 'close');
}

function answer(response: ServerResponse, reply: Exclude<Reply, string>): void {
  const raw = Buffer.isBuffer(reply.body);
  response.writeHead(reply.status, { ...(!raw && { 'content-type': 'application/json' }), ...reply.headers });
  response.end(raw ? reply.body : JSON.stringify(reply.body ?? {}));
}

async function read(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
}
