import type { Mistake } from '../problem.ts';
import type { RedisServer } from '../settings.ts';
import { checkHost } from './network.ts';

const RULE = 'use a URL such as redis://:password@redis.example:6379/0, or rediss:// for TLS';

/**
 * `redis:` or `rediss:` (TLS), a host, and where wanted a user, a password, a port and a database's number. What drivers
 * read from a query is refused: how long Redis may take is ours to say.
 */
export function checkRedis(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (!url || /\s/.test(text)) return { problem: 'is not a URL', fix: RULE };
  if (!/^rediss?:$/.test(url.protocol)) return { problem: 'is neither redis:// nor rediss://', fix: RULE };
  if (url.hostname === '') return { problem: 'names no host', fix: RULE };
  if (checkHost(bare(url.hostname))) return { problem: 'names no usable host', fix: RULE };
  if (url.port === '0') return { problem: 'names port 0', fix: RULE };
  if (!/^(\/(0|[1-9]\d{0,4})?)?$/.test(url.pathname)) {
    return { problem: "has a path that is no database's number", fix: RULE };
  }
  if (url.search !== '' || url.hash !== '') {
    return {
      problem: 'has something after ? or #',
      fix: `write such characters of a password as %3F and %23; ${RULE}`,
    };
  }
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return { problem: 'has a user or password that is not percent-encoded', fix: 'write % itself as %25' };
  }
  return undefined;
}

/** What a sound `REDIS_URL` names. */
export function redisServer(text: string): RedisServer {
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  return {
    host: bare(hostname),
    port: Number(port || 6379),
    tls: protocol === 'rediss:',
    database: Number(pathname.slice(1)),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  };
}

/** IPv6 addresses stand in brackets in a URL, and nowhere else. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
