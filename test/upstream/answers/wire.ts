import type { Socket } from 'node:net';
import type { OutcomeClass } from '../../../src/conversation/outcome.ts';
import type { Lead } from '../../../src/conversation/types.ts';
import type { Wire } from './raw-server.ts';

/** One answer and the class and cause that it must get. */
export type Case = {
  readonly name: string;
  readonly wire: Wire;
  readonly class: OutcomeClass;
  readonly cause?: string;
  readonly reason?: string;
  readonly retryAfterMs?: number;
  readonly lead?: Partial<Lead>;
  /** The whole call's bound; only answers that never end run into it. */
  readonly timeoutMs?: number;
};

export const NOW = Date.UTC(2026, 10, 24, 9);

export const SUCCESS = '<Response><Status>Success</Status></Response>';
export const NIL = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"';
export const failure = (description: string): string =>
  `<Response><Description>${description}</Description><Status>Failure</Status></Response>`;

/** A whole HTTP answer with a right content length. */
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

/** Writes `unit` until the other side has enough. */
export const endless = (unit: string, start: string) => (socket: Socket) => {
  socket.write(start);
  const more = (): void => {
    while (!socket.destroyed && socket.write(unit));
  };
  socket.on('drain', more);
  more();
};

/** One byte at a time, for as long as anybody listens. */
export const drip = (start: string, byte: string) => (socket: Socket) => {
  socket.write(start);
  const timer = setInterval(() => socket.write(byte), 5);
  socket.on('close', () => clearInterval(timer));
};
