import type { Socket } from 'node:net';
import { type Call, type Fault, SUCCESS, XML } from './fault.ts';

const HALF = SUCCESS.slice(0, SUCCESS.length / 2);
const OK = 'HTTP/1.1 200 OK\r\nContent-Type: application/xml; charset=utf-8\r\n';

/** Writes to the socket directly, since Node's response object writes well-formed HTTP only. */
function raw(call: Call, text: string, then: (socket: Socket) => void): void {
  const { socket } = call.response;
  socket?.write(text, () => then(socket));
}

/** A reset discards bytes that the client has not read yet, so it is sent after this delay. */
const RESET_AFTER_MS = 25;

/** `setImmediate` lets a client in this same process read first, even when the timer fires late. */
function resetSoon(socket: Socket): void {
  setTimeout(() => setImmediate(() => socket.resetAndDestroy()), RESET_AFTER_MS);
}

const reset = (call: Call) => call.response.socket?.resetAndDestroy();

function drip(call: Call): void {
  const { response } = call;
  response.writeHead(200, { 'content-type': XML });
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < SUCCESS.length) response.write(SUCCESS.charAt(sent));
    else {
      // Not left to `close`, which waits for the reader: one more write after the end would be an unheard error.
      clearInterval(timer);
      response.end();
    }
    sent += 1;
  }, call.delayMs);
  response.once('close', () => clearInterval(timer));
}

/** The connection fails before, during or after the answer. */
export const TRANSPORT_FAULTS: readonly Fault[] = [
  { name: 'hang', line: 70, got: true, summary: 'no answer until the client gives up', answer: () => undefined },
  {
    name: 'slow_drip',
    line: 71,
    got: true,
    summary: 'Success, one byte every 250 ms unless another delay is set',
    delayMs: 250,
    paced: true,
    answer: drip,
  },
  {
    name: 'truncated_length',
    line: 72,
    got: true,
    summary: 'connection closed before the promised length',
    answer: (call) =>
      raw(call, `${OK}Content-Length: ${SUCCESS.length}\r\n\r\n${HALF}`, (socket) => socket.destroySoon()),
  },
  {
    name: 'reset_before_read',
    line: 73,
    got: false,
    summary: 'connection reset before the request is read',
    unread: true,
    answer: reset,
  },
  {
    name: 'reset_after_read',
    line: 74,
    got: true,
    summary: 'connection reset after the request is read',
    answer: reset,
  },
  {
    name: 'reset_mid_headers',
    line: 75,
    got: true,
    summary: 'connection reset in the middle of the headers',
    answer: (call) => raw(call, OK, resetSoon),
  },
  {
    name: 'reset_mid_body',
    line: 76,
    got: true,
    summary: 'connection reset in the middle of the body',
    answer: (call) => raw(call, `${OK}Content-Length: ${SUCCESS.length}\r\n\r\n${HALF}`, resetSoon),
  },
  {
    name: 'huge_header',
    line: 77,
    got: true,
    summary: 'Success behind 64 KiB of headers',
    answer: (call) =>
      raw(
        call,
        `${OK}X-Trace: ${'x'.repeat(65_536)}\r\nContent-Length: ${SUCCESS.length}\r\n\r\n${SUCCESS}`,
        (socket) => socket.destroySoon(),
      ),
  },
  {
    name: 'bad_chunk',
    line: 78,
    got: true,
    summary: 'Success in chunks whose sizes are no numbers',
    answer: (call) =>
      raw(call, `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n${SUCCESS}\r\n0\r\n\r\n`, (socket) =>
        socket.destroySoon(),
      ),
  },
  {
    name: 'not_http',
    line: 79,
    got: true,
    summary: 'an answer in another protocol',
    answer: (call) => raw(call, '220 services ESMTP ready\r\n', (socket) => socket.destroySoon()),
  },
];
