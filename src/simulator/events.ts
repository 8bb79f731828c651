import type { ServerResponse } from 'node:http';

/** A page that reads slower than this falls behind for good; it is cut off, and catches up when it reconnects. */
const BACKLOG_BYTES = 4 * 1024 * 1024;

/** Server-Sent Events to every open inbox. */
export interface Events {
  /** Whether anybody listens; nothing need be serialised otherwise. */
  watched(): boolean;
  /** Begins a stream; `first` are the events that this listener missed. */
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
      // Of the connection: an answer that still waits behind another one is never told that its own is gone.
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

/** One event on the wire. JSON keeps it to one line whatever the data holds. */
export function eventOf(name: string, data: unknown, id?: number): string {
  const numbered = id === undefined ? '' : `id: ${id}\n`;
  return `${numbered}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
