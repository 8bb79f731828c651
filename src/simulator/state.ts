import type { ServerResponse } from 'node:http';
import { type Counters, createCounters } from './counters.ts';
import { createStore, type Store } from './messages.ts';
import { createPlan, type Plan } from './plan.ts';
import type { Credentials, Rules } from './rules.ts';

/** In bytes. A page with a larger unread backlog is disconnected; it receives the missed events when it reconnects. */
const BACKLOG_BYTES = 4 * 1024 * 1024;

/** Server-Sent Events to every open inbox. */
export interface Events {
  /** Whether any page listens. Without one no event needs to be serialised. */
  watched(): boolean;
  /** Starts a stream. `first` are the events that this listener missed. */
  attach(response: ServerResponse, first: readonly string[]): void;
  publish(event: string): void;
}

export function createEvents(): Events {
  const listeners = new Set<ServerResponse>();
  return {
    watched: () => listeners.size > 0,
    attach(response, first) {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
      response.write(`retry: 1000\n\n${first.join('')}`);
      listeners.add(response);
      // `close` of the socket, because a response that waits behind another one gets no `close` event.
      response.req.socket.once('close', () => listeners.delete(response));
    },
    publish(event) {
      for (const response of listeners) {
        if (response.writableLength > BACKLOG_BYTES) response.destroy();
        else response.write(event);
      }
    },
  };
}

/** One event in the wire format. JSON escapes line breaks, so data stays on one line. */
export function eventOf(name: string, data: unknown, id?: number): string {
  const numbered = id === undefined ? '' : `id: ${id}\n`;
  return `${numbered}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The simulator's whole state, shared by the endpoint and the control API. */
export type State = {
  readonly plan: Plan;
  readonly counters: Counters;
  readonly store: Store;
  readonly events: Events;
  readonly now: () => number;
  /** Identifies this run of the simulator, since message ids restart at 1 with each run. */
  readonly run: string;
  credentials: Credentials;
  rules: Rules;
  /** Id of the newest message. */
  lastId: number;
};

export function createState(credentials: Credentials, rules: Rules, capacity: number, now: () => number): State {
  return {
    plan: createPlan(),
    counters: createCounters(),
    store: createStore(capacity),
    events: createEvents(),
    now,
    run: now().toString(36),
    credentials,
    rules,
    lastId: 0,
  };
}
