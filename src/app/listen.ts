import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.ts';

/**
 * Opens a listener and gives its base URL, with the actual port when port 0 was configured.
 *
 * @param setting name of the setting of the port, for the error message
 * @throws Error with the port and the setting if another process uses the port
 */
export async function listen(
  app: FastifyInstance,
  { host, port, tls }: Settings['listen'],
  setting: 'PORT' | 'ADMIN_PORT' | 'CONSOLE_PORT',
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw inUse
      ? new Error(`port ${port} of ${host} is in use by another process; set another ${setting}`, { cause: error })
      : error;
  }
  const { address, family, port: actual } = app.server.address() as AddressInfo;
  const name = address === '::' || address === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${tls ? 'https' : 'http'}://${name}:${actual}`;
}
