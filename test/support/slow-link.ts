import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';

/** A TCP proxy to a loopback port that delays all bytes. */
export type SlowLink = {
  readonly port: number;
  /** Delays all later bytes towards the target by `ms`. */
  delay(ms: number): void;
};

/** Opens a proxy to `target`; it closes with the test. */
export async function openSlowLink(t: Test, target: number): Promise<SlowLink> {
  let delayMs = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      // Without Nagle's algorithm, as both ends have it; else small packets would wait for one another.
      socket.setNoDelay();
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    // Timers of the same length fire in the order in which they were set, so the bytes keep their order.
    near.on('data', (bytes) => setTimeout(() => far.destroyed || far.write(bytes), delayMs));
    far.pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    delay(ms) {
      delayMs = ms;
    },
  };
}
