import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';

/** What the server does once a whole request is in; text and bytes are written as they are, then the connection ends. */
export type Wire = string | Buffer | ((socket: Socket) => void);

/** A server on loopback that answers in bytes of the test's choosing and takes itself down with the test. */
export async function rawServer(t: Test, wire: Wire): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // The client is free to hang up on us at any point.
    socket.on('error', () => {});
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const length = requestLength(received.toString('latin1'));
      if (length === undefined || received.length < length) return;
      requests.push(received.subarray(0, length).toString());
      received = received.subarray(length);
      if (typeof wire === 'function') wire(socket);
      else socket.end(wire);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/Text.svc/Start?x=1`, requests };
}

function requestLength(received: string): number | undefined {
  const head = received.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
  return head === -1 || length === undefined ? undefined : head + 4 + Number(length);
}
