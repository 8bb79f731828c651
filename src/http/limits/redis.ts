import { isIP } from 'node:net';
import { Redis } from 'ioredis';
import type { RedisServer } from '../../domain/addresses.ts';
import type { CountingServer } from './shared-counts.ts';

/** Bound on opening a connection, and on each answer of its handshake. */
const CONNECT_MS = 500;

/**
 * Counts one more and gives the count and the rest of its window in milliseconds. A key never stays without an end: one that
 * lost its own, or has one from a longer window of earlier settings, gets it here.
 */
const COUNT = `
local count = redis.call('INCR', KEYS[1])
local window = tonumber(ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 or left > window then
  redis.call('PEXPIRE', KEYS[1], window)
  left = window
end
return {count, left}`;

/**
 * Connects to Redis or Valkey. Nothing is queued for a connection that is not there. One that breaks is opened again at
 * once, a single time, so that a server that closes idle connections is no fault; when that fails, `onLost` is called.
 *
 * @returns once the server took the password and the database
 * @throws what `faultOf` can name, within twice `CONNECT_MS` at most
 */
export async function connectRedis(
  { host, port, tls, database, username, password }: RedisServer,
  onLost: (error: unknown) => void,
): Promise<CountingServer> {
  const refused = Promise.withResolvers<never>();
  let fault: unknown;
  const client = new Redis({
    host,
    port,
    db: database,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: the connection starts with the password.
    ...(tls && { tls: { rejectUnauthorized: true, ...(isIP(host) === 0 && { servername: host }) } }),
    // Every server since 2.6 speaks it, and nothing here needs more.
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: (times) => (times === 1 ? 0 : null),
    connectTimeout: CONNECT_MS,
    commandTimeout: CONNECT_MS,
    disconnectTimeout: CONNECT_MS,
  });
  client.on('error', (error) => {
    fault = error;
    refused.reject(error);
  });
  refused.promise.catch(() => {});
  try {
    // The first error decides: the driver itself would try again, and go on in another database where ours is not there.
    await Promise.race([client.connect(), refused.promise]);
  } catch (error) {
    client.disconnect();
    throw fault ?? error;
  }
  client.once('end', () => onLost(fault ?? new Error('closed')));
  return {
    async count(key, windowMs) {
      const [count, resetMs] = (await client.eval(COUNT, 1, key, windowMs)) as [number, number];
      return { count, resetMs };
    },
    close: () => client.disconnect(),
  };
}

/**
 * Why Redis did not count: the system's code (`ECONNREFUSED`) or the first word of what Redis said (`WRONGPASS`, `OOM`,
 * `READONLY`). The rest of a message may quote what was sent.
 */
export function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (/timed out/i.test(error.message)) return 'no_answer';
  return /^[A-Z]{2,}(?= )/.exec(error.message)?.[0] ?? 'closed';
}
