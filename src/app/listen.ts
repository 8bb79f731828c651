import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.ts';

/**
 * Opens the listener; gives its base URL, with the port that it really got.
 *
 * @param setting the one that names the port, for whoever finds it taken
 */
export async function listen(
  app: FastifyInstance,
  { host, port, tls }: Settings['listen'],
  setting: 'PORT' | 'ADMIN_PORT',
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw taken ? new Error(`port ${port} of ${host} is taken; set another ${setting}`, { cause: error }) : error;
  }
  const { address, family, port: actual } = app.server.address() as AddressInfo;
  const name = address === '::' || address === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${tls ? 'https' : 'http'}://${name}:${actual}`;
}
