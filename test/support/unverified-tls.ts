import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { Test } from 'tap';

const CERTIFICATE = 'test/fixtures/tls/first.test';

/**
 * A server with a certificate of no known authority, while Node is told to verify none (NODE_TLS_REJECT_UNAUTHORIZED=0).
 *
 * @returns its port at 127.0.0.1, and what clients sent it through TLS
 */
export async function startUnverifiedServer(t: Test): Promise<{ port: number; received: () => string }> {
  const [cert, key] = ['cert', 'key'].map((part) => readFileSync(`${CERTIFICATE}-${part}.pem`));
  let received = '';
  const server = createServer({ cert, key }, (socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        received += bytes.toString('latin1');
      });
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.teardown(() => {
    server.close();
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
  });
  return { port: (server.address() as AddressInfo).port, received: () => received };
}
