import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

const STATUS_100 = /^HTTP\/1\.[01] 100[ \r]/;
const STATUS_100_LENGTH = 'HTTP/1.1 100 '.length;
const HEAD_END = '\r\n\r\n';
/** In bytes. A longer head is passed on, and undici's parser decides. */
const MAX_HEAD = 4_096;

/**
 * A connector for undici's `Agent` whose sockets drop `100 Continue` heads in front of a response. WCF hosts send them
 * unasked (RFC 9110, section 15.2.1, allows it), and undici would end the connection with an error. Needs an agent
 * without pipelining: then each write of a request means that the next bytes read are the start of a response.
 */
export function connectorWithoutContinue(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (target, callback) =>
    connect(target, (...result) => {
      const [, socket] = result;
      if (socket) dropContinueHeads(socket);
      callback(...result);
    });
}

/** Filters what undici reads from the socket: it uses `socket.read()` and `socket.write()` only. */
function dropContinueHeads(socket: Socket): void {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let atStart = true;
  let pending: Buffer = Buffer.alloc(0);

  socket.write = ((...args: unknown[]) => {
    atStart = true;
    return write(...args);
  }) as Socket['write'];
  socket.read = (size?: number): unknown => {
    for (;;) {
      const chunk: Buffer | null = read(size);
      if (!atStart) return chunk;
      if (chunk !== null) pending = Buffer.concat([pending, chunk]);
      // At the end of the stream nothing more can complete the head.
      if (chunk === null && !socket.readableEnded) return null;
      const rest = withoutContinueHeads(pending);
      if (rest === undefined && !socket.readableEnded) continue;
      const passed = rest ?? pending;
      pending = Buffer.alloc(0);
      if (passed.length === 0) {
        if (chunk === null) return null;
        continue;
      }
      atStart = false;
      return passed;
    }
  };
}

/** `bytes` without the `100 Continue` heads that they start with; `undefined` while it takes more bytes to tell. */
export function withoutContinueHeads(bytes: Buffer): Buffer | undefined {
  let rest = bytes;
  for (;;) {
    const start = rest.subarray(0, STATUS_100_LENGTH).toString('latin1');
    if (!STATUS_100.test(start)) {
      return 'HTTP/1.1 100 '.startsWith(start) || 'HTTP/1.0 100 '.startsWith(start) ? undefined : rest;
    }
    const end = rest.indexOf(HEAD_END);
    if (end === -1) return rest.length > MAX_HEAD ? rest : undefined;
    rest = rest.subarray(end + HEAD_END.length);
  }
}
