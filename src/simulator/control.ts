import type { IncomingMessage, ServerResponse } from 'node:http';
import { BadInput, countFrom, credentialsFrom, objectFrom, orderFrom, rulesFrom } from './control-input.ts';
import type { Totals } from './counters.ts';
import { FAULTS, nationalOf } from './faults/table.ts';
import { decodeUtf8, mediaTypeOf, readBody, sendError, sendJson } from './http.ts';
import type { Order } from './plan.ts';
import { DEFAULT_RULES, type Rules } from './rules.ts';
import { eventOf, type State } from './state.ts';

const BODY_LIMIT = 16 * 1024;
const ORDER_KEYS = ['fault', 'delayMs', 'retryAfter'];

type Change = {
  readonly keys: readonly string[];
  readonly apply: (state: State, input: Record<string, unknown>) => void;
};
type View = (state: State, query: URLSearchParams) => unknown;

const VIEWS: ReadonlyMap<string, View> = new Map<string, View>([
  ['/control', controlView],
  ['/control/faults', () => FAULT_VIEWS],
  [
    '/control/counts',
    ({ counters }, query) => {
      const phone = query.get('phone');
      return phone === null ? counters.all() : counters.ofPhone(phone.replace(/\D/g, ''));
    },
  ],
  ['/messages', ({ store, run, lastId }, query) => ({ run, lastId, messages: store.since(sinceFrom(query)) })],
]);

const CHANGES: ReadonlyMap<string, Change> = new Map<string, Change>([
  [
    'POST /control/next',
    { keys: [...ORDER_KEYS, 'count'], apply: ({ plan }, input) => plan.enqueue(orderFrom(input), countFrom(input)) },
  ],
  ['POST /control/mode', { keys: ORDER_KEYS, apply: ({ plan }, input) => plan.setDefault(orderFrom(input)) }],
  [
    'POST /control/credentials',
    {
      keys: ['providerId', 'username', 'password'],
      apply: (state, input) => {
        state.credentials = credentialsFrom(input);
      },
    },
  ],
  [
    'POST /control/rules',
    {
      keys: Object.keys(DEFAULT_RULES),
      apply: (state, input) => {
        state.rules = rulesFrom(input, state.rules);
      },
    },
  ],
  ['DELETE /control/plan', { keys: [], apply: ({ plan }) => plan.clear() }],
  ['DELETE /control/messages', { keys: [], apply: emptyInbox }],
  [
    'DELETE /control',
    {
      keys: [],
      apply: (state) => {
        state.plan.clear();
        state.counters.clear();
        emptyInbox(state);
      },
    },
  ],
]);

/** Whether a path belongs to the control API. */
export function isControlPath(path: string): boolean {
  return VIEWS.has(path) || path === '/events' || path.startsWith('/control/');
}

/**
 * Answers the control API. A change is answered with the new state. A POST must have the type `application/json`, which
 * a page of another origin cannot send without a CORS preflight.
 */
export async function handleControl(
  state: State,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET' } = request;
  const { pathname, searchParams } = url;
  const view = VIEWS.get(pathname);
  const change = CHANGES.get(`${method} ${pathname}`);
  if (method === 'GET' && pathname === '/events') stream(state, request, searchParams, response);
  else if (method === 'GET' && view !== undefined) sendJson(response, 200, view(state, searchParams));
  else if (change === undefined) sendError(response, 404, 'no route has this method and path');
  else if (method === 'POST' && mediaTypeOf(request.headers['content-type']) !== 'application/json')
    sendError(response, 415, 'content-type: application/json');
  else {
    const body = await readBody(request, BODY_LIMIT);
    if (body === 'gone') return;
    if (body === 'too_large') return sendError(response, 413, `the body: ${BODY_LIMIT} bytes at most`);
    try {
      change.apply(state, objectFrom(decodeUtf8(body) ?? '', change.keys));
    } catch (error) {
      if (error instanceof BadInput) return sendError(response, 400, error.message);
      throw error;
    }
    state.events.publish(eventOf('control', null));
    sendJson(response, 200, controlView(state));
  }
}

function emptyInbox({ store, events }: State): void {
  store.clear();
  events.publish(eventOf('cleared', null));
}

/** Streams the events that the listener missed, then all new ones. A browser resumes by `Last-Event-ID`. */
function stream(state: State, request: IncomingMessage, query: URLSearchParams, response: ServerResponse): void {
  const resumed = request.headers['last-event-id'];
  const since = typeof resumed === 'string' ? Number(resumed) || 0 : sinceFrom(query);
  const missed = state.store.since(since).map((message) => eventOf('conversation', message, message.id));
  state.events.attach(response, [eventOf('hello', { run: state.run }), ...missed]);
}

function sinceFrom(query: URLSearchParams): number {
  return Number(query.get('since')) || 0;
}

type OrderView = { readonly fault: string; readonly delayMs?: number; readonly retryAfter?: number };

/** The answer to GET /control. It never contains the accepted password. */
export type ControlView = {
  readonly mode: OrderView;
  readonly queue: readonly (OrderView & { readonly count: number })[];
  readonly rules: Rules;
  readonly credentials: { readonly providerId: number; readonly username: string };
  readonly totals: Totals;
};

export function controlView({ plan, rules, credentials, counters }: State): ControlView {
  const { mode, queue } = plan.state();
  return {
    mode: orderView(mode),
    queue: queue.map(({ order, left }) => ({ ...orderView(order), count: left })),
    rules,
    credentials: { providerId: credentials.providerId, username: credentials.username },
    totals: counters.totals(),
  };
}

/** The answer to GET /control/faults: each fault with the phone number that selects it. */
export const FAULT_VIEWS = FAULTS.map((fault) => ({
  name: fault.name,
  phone: `+1${nationalOf(fault)}`,
  got: fault.got,
  summary: fault.summary,
}));

function orderView({ fault, delayMs, retryAfterS }: Order): OrderView {
  return {
    fault: fault.name,
    ...(delayMs !== undefined && { delayMs }),
    ...(retryAfterS !== undefined && { retryAfter: retryAfterS }),
  };
}
