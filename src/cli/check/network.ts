import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Settings } from '../../config/settings.ts';
import { createSharedCounts } from '../../http/limits/shared-counts.ts';
import { systemClock as clock } from '../../lib/clock.ts';
import { type Finding, reasonOf } from '../output.ts';

const TIMEOUT_MS = 5_000;

/** Checks whether the endpoint of every provider account is reachable; each address is tried once, without leads or credentials. */
export async function checkProviders({ providers, simulator }: Settings): Promise<Finding[]> {
  if (simulator)
    return [{ name: 'provider', result: 'ok', detail: 'the bundled simulator, which starts with the gateway' }];
  const accounts = new Map<string, string[]>();
  for (const { id, url } of providers.values()) accounts.set(url, [...(accounts.get(url) ?? []), id]);
  return Promise.all(
    [...accounts].map(async ([url, ids]) => ({
      name: `provider ${ids.join(', ')}`,
      ...(await reach(url, TIMEOUT_MS)),
    })),
  );
}

type Reached = Pick<Finding, 'result' | 'detail'>;

/**
 * Checks whether an endpoint is reachable: its name, its port and, for https, its certificate. The connection is closed before
 * a request is sent, so the provider sees no call.
 *
 * @param timeoutMs bound on the connection, handshake included
 */
export async function reach(url: string, timeoutMs: number): Promise<Reached> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'https:';
  try {
    if (isIP(host) === 0) await lookup(host);
  } catch (error) {
    return { result: 'problem', detail: `${host} has no address (${reasonOf(error)})` };
  }
  const target = { host, port: Number(port || (secure ? 443 : 80)) };
  const socket = secure
    ? connectTls({ ...target, rejectUnauthorized: true, ...(isIP(host) === 0 && { servername: host }) })
    : connect(target);
  try {
    await opened(socket, secure ? 'secureConnect' : 'connect', timeoutMs);
    return { result: 'ok', detail: `${host}:${target.port} answers${secure ? ', its certificate is valid' : ''}` };
  } catch (error) {
    return { result: 'problem', detail: `${host}:${target.port} cannot be reached (${reasonOf(error)})${hint(error)}` };
  } finally {
    socket.destroy();
  }
}

async function opened(socket: Socket, event: 'connect' | 'secureConnect', timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once(event, () => resolve());
  // `on` and not `once`: an unhandled second error would end the process.
  socket.on('error', reject);
  const timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

function hint(error: unknown): string {
  return /^CERT_(NOT_YET_VALID|HAS_EXPIRED)$/.test(reasonOf(error)) ? '; is the clock of this machine right?' : '';
}

/** Checks whether Redis, if the settings name one, can count as the gateway needs. One test count stays in it until it expires. */
export async function checkRedis({ redis }: Settings): Promise<Finding[]> {
  if (redis === undefined) return [];
  const { connectRedis, faultOf } = await import('../../http/limits/redis.ts');
  let fault: unknown;
  const counts = createSharedCounts({
    connect: (onLost) => connectRedis(redis, onLost),
    hash: (_purpose, key) => Buffer.from(key),
    clock,
    onChange: (_state, error) => {
      fault = error;
    },
  });
  await counts.start();
  const shared = counts.state() === 'shared';
  counts.stop();
  const where = `${redis.host}:${redis.port}`;
  if (shared) return [{ name: 'redis', result: 'ok', detail: `${where} counts` }];
  const detail = `${where} does not count (${faultOf(fault)}): replicas would count visitors each by itself`;
  return [{ name: 'redis', result: 'problem', detail }];
}
