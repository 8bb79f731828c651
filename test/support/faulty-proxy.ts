import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import type { Address } from '../../src/store/postgres/connection.ts';

/** A TCP proxy to a server whose connections the test can break. */
export type FaultyProxy = {
  readonly address: Address;
  /**
   * Breaks the next connection that sends `text`: `before` the server receives it, or `after` the server has answered and
   * before the client gets the answer. Resolves when the connection is broken.
   */
  cut(text: string, when: 'before' | 'after'): Promise<void>;
  /** Holds all bytes back without closing a connection, until the returned function is called. */
  stall(): () => void;
  /** Breaks all connections and accepts no new one, until the returned function is called. */
  close(): () => void;
  /** Breaks all connections, and leads new ones to another server. */
  redirect(next: Address): void;
};

type Cut = { readonly text: string; readonly when: 'before' | 'after'; readonly done: () => void };

export async function faultyProxy(t: Test, first: Address): Promise<FaultyProxy> {
  let target = first;
  const sockets = new Set<Socket>();
  let cut: Cut | undefined;
  let closed = false;
  let stalled = false;

  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    let deaf = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    if (closed) client.destroy();
    client.on('data', (data) => {
      if (stalled) return;
      if (!cut || !data.includes(cut.text)) return void upstream.write(data);
      const { when, done } = cut;
      cut = undefined;
      if (when === 'before') {
        client.destroy();
        return done();
      }
      deaf = true;
      upstream.once('data', () => {
        client.destroy();
        done();
      });
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!deaf && !stalled) client.write(data);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: { ...first, port },
    cut: (text, when) =>
      new Promise((resolve) => {
        cut = { text, when, done: resolve };
      }),
    stall() {
      stalled = true;
      return () => {
        stalled = false;
      };
    },
    close() {
      closed = true;
      for (const socket of sockets) socket.destroy();
      return () => {
        closed = false;
      };
    },
    redirect(next) {
      target = next;
      for (const socket of sockets) socket.destroy();
    },
  };
}
