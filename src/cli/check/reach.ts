import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Finding, reasonOf } from './finding.ts';

type Reached = Pick<Finding, 'result' | 'detail'>;

/**
 * Whether an endpoint can be reached: its name, its port and, for https, its certificate. The connection is closed before
 * anything is said on it, so the provider sees no call.
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
  const socket = secure ? connectTls({ ...target, ...(isIP(host) === 0 && { servername: host }) }) : connect(target);
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
  // `on`: what comes after the first error must not end the process.
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
