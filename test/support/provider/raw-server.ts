import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';
import type { Lead } from '../../../src/domain/lead.ts';
import type { OutcomeClass, ProviderAccount } from '../../../src/domain/provider.ts';
import { DEFAULT_WIRE, type WireProfile } from '../../../src/domain/wire.ts';

/** A provider account under the default wire profile. */
export function account(changes: Partial<ProviderAccount> = {}, wire: Partial<WireProfile> = {}): ProviderAccount {
  return {
    id: 'default',
    region: 'na',
    url: 'http://127.0.0.1/',
    providerId: 4711,
    username: 'gateway',
    password: 'p&ss<word>',
    wire: { ...DEFAULT_WIRE, ...wire },
    ...changes,
  };
}

/** An answer of the provider, and the class and cause that it must get. */
export type Case = {
  readonly name: string;
  readonly wire: Wire;
  readonly class: OutcomeClass;
  readonly cause?: string;
  readonly reason?: string;
  readonly retryAfterMs?: number;
  readonly lead?: Partial<Lead>;
  /** Upper bound on the whole call; only an answer that never ends reaches it. */
  readonly timeoutMs?: number;
};

export const NOW = Date.UTC(2026, 10, 24, 9);

export const SUCCESS = '<Response><Status>Success</Status></Response>';
export const NIL = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"';
export const failure = (description: string): string =>
  `<Response><Description>${description}</Description><Status>Failure</Status></Response>`;

/** A whole HTTP response with a correct content length. */
export function http(
  status: number,
  body: string | Buffer,
  headers = 'content-type: text/xml; charset=utf-8\r\n',
): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} X\r\n${headers}content-length: ${bytes.length}\r\n\r\n`),
    bytes,
  ]);
}

export const ok = (body: string | Buffer, headers?: string): Buffer => http(200, body, headers);
export const head = (rest: string): string => `HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n${rest}\r\n`;
export const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
export const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

/** Writes `start`, then `unit` until the client closes the connection. */
export const endless = (unit: string, start: string) => (socket: Socket) => {
  socket.write(start);
  const more = (): void => {
    while (!socket.destroyed && socket.write(unit));
  };
  socket.on('drain', more);
  more();
};

/** Writes `start`, then one byte every 5 ms until the client closes the connection. */
export const drip = (start: string, byte: string) => (socket: Socket) => {
  socket.write(start);
  const timer = setInterval(() => socket.write(byte), 5);
  socket.on('close', () => clearInterval(timer));
};

/** The server's reaction to a whole request. Text and bytes are written unchanged, then the connection is closed. */
export type Wire = string | Buffer | ((socket: Socket) => void);

/** A server on loopback that answers with the given bytes and stops with the test. */
export async function rawServer(t: Test, wire: Wire): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // The client may close the connection at any point.
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
