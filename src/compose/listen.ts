import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Settings } from '../config/settings.ts';

/** Opens the listener; gives its base URL, with the port that it really got. */
export async function listen(app: FastifyInstance, { host, port, tls }: Settings['listen']): Promise<string> {
  await app.listen({ host, port });
  const { address, family, port: actual } = app.server.address() as AddressInfo;
  const name = address === '::' || address === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${tls ? 'https' : 'http'}://${name}:${actual}`;
}
