import type { PostgresPlace, RedisServer } from '../../domain/addresses.ts';
import { nearest } from '../../lib/text.ts';
import type { Mistake } from '../problem.ts';
import { checkHost } from './addresses.ts';

const DATABASE_RULE =
  'use sqlite: and a path, such as sqlite:./data/gateway.db, or postgres://user:password@host/database';

/** `sqlite:` and a file's path, relative or absolute, or the address of a Postgres database. */
export function checkDatabase(text: string): Mistake | undefined {
  if (isPostgres(text)) return checkPostgres(text);
  if (!text.startsWith('sqlite:')) return { problem: 'is not the URL of a store that we know', fix: DATABASE_RULE };
  const path = databasePath(text);
  if (path === '' || /[/\\]$/.test(path)) return { problem: 'names no file', fix: DATABASE_RULE };
  if (path.includes(':memory:')) return { problem: 'would lose every lead with the process', fix: DATABASE_RULE };
  if (path.startsWith('//'))
    return { problem: 'names a host', fix: 'use sqlite:///absolute/path or sqlite:./relative/path' };
  if (/[?#\0]/.test(path))
    return { problem: `has ${nameOption(path)}, and SQLite takes none here`, fix: DATABASE_RULE };
  return undefined;
}

export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/i.test(url);
}

/** The path in a valid `DATABASE_URL` of SQLite, as it was written; `sqlite:///x` is `/x`. */
export function databasePath(url: string): string {
  return url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
}

const POSTGRES_RULE = 'use postgres://user:password@host/database, with % escapes in the password';
const TLS_RULE = 'use sslmode=verify-full, or leave it out where nobody can listen on the way';
const POSTGRES_PORT = 5432;

/**
 * Checks the address of a Postgres database. The only options are those that we act on, so that none is silently ignored:
 * `sslmode` (`disable` or `verify-full`) and `sslrootcert`.
 */
function checkPostgres(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (!url || /\s/.test(text)) return { problem: 'is not an address of a database', fix: POSTGRES_RULE };
  if (url.hostname === '') return { problem: 'names no host', fix: POSTGRES_RULE };
  if (!/^\/[^/]+$/.test(url.pathname)) return { problem: 'names no database', fix: POSTGRES_RULE };
  if (url.username === '') return { problem: 'names no user', fix: POSTGRES_RULE };
  if (url.hash !== '') return { problem: 'contains a #', fix: 'write # in the password as %23' };
  if ([url.username, url.password, url.pathname].some((part) => decode(part) === undefined))
    return { problem: 'has a % that begins no escape', fix: 'write % in the password as %25' };
  return checkOptions(url.searchParams);
}

const OPTIONS = ['sslmode', 'sslrootcert'];
const OPTIONS_SHOWN = 5;

/** By now host and user are known, so that what follows the question mark is no part of a password. */
function describeOption(option: string): { readonly name: string; readonly fix: string } {
  if (!/^[a-z_]{1,40}$/i.test(option)) return { name: 'an option with an unusual name', fix: 'remove it' };
  const meant = nearest(option, OPTIONS);
  const name = `the option ${option}`;
  return { name, fix: meant === undefined ? `remove ${option}` : `did you mean ${meant} for ${option}?` };
}

/** The first option of an address of SQLite. */
function nameOption(path: string): string {
  const option = /\?([a-z_]{1,40})(?:=|&|$)/i.exec(path)?.[1];
  return option === undefined ? 'options' : `the option ${option}`;
}

function checkOptions(options: URLSearchParams): Mistake | undefined {
  const unknown = [...new Set(options.keys())].filter((name) => !OPTIONS.includes(name));
  const mode = options.get('sslmode');
  const unverified = mode !== null && mode !== 'disable' && mode !== 'verify-full';
  const unverifiedMode = { problem: 'has an sslmode that does not verify who answers, or not always', fix: TLS_RULE };
  if (unknown.length > 0) {
    const all = unknown.slice(0, OPTIONS_SHOWN).map(describeOption);
    const problem = `has ${all.map(({ name }) => name).join(' and ')}, on which the gateway does not act`;
    const fix = `${all.map(({ fix }) => fix).join(', ')}: use sslmode and sslrootcert only`;
    if (!unverified) return { problem, fix };
    return { problem: `${problem}, and ${unverifiedMode.problem}`, fix: `${fix}; ${unverifiedMode.fix}` };
  }
  for (const name of OPTIONS) {
    if (options.getAll(name).length > 1) return { problem: `has ${name} twice`, fix: 'leave one of them' };
  }
  if (unverified) return unverifiedMode;
  if (options.has('sslrootcert') && (mode !== 'verify-full' || options.get('sslrootcert') === ''))
    return { problem: 'has an sslrootcert that would not be used', fix: 'use it with sslmode=verify-full, and a path' };
  return undefined;
}

/**
 * Parses a valid address.
 *
 * @param absolute resolves a path that may be relative
 */
export function parsePostgres(text: string, absolute: (path: string) => string): Omit<PostgresPlace, 'poolMax'> {
  const { hostname, port, pathname, username, password, searchParams } = new URL(text);
  const rootCert = searchParams.get('sslrootcert');
  return {
    kind: 'postgres',
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? POSTGRES_PORT : Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(searchParams.get('sslmode') === 'verify-full' && {
      tls: rootCert === null ? {} : { rootCertFile: absolute(rootCert) },
    }),
  };
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

const REDIS_RULE = 'use a URL such as redis://:password@redis.example:6379/0, or rediss:// for TLS';

/**
 * Checks an address of Redis: `redis:` or `rediss:` (TLS), a host, and optionally a user, a password, a port and a database
 * number. Query options are refused, because a driver would take time-outs from them, and those are fixed.
 */
export function checkRedis(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (!url || /\s/.test(text)) return { problem: 'is not a URL', fix: REDIS_RULE };
  if (!/^rediss?:$/.test(url.protocol)) return { problem: 'is neither redis:// nor rediss://', fix: REDIS_RULE };
  if (url.hostname === '') return { problem: 'names no host', fix: REDIS_RULE };
  if (checkHost(withoutBrackets(url.hostname))) return { problem: 'names no usable host', fix: REDIS_RULE };
  if (url.port === '0') return { problem: 'names port 0', fix: REDIS_RULE };
  if (!/^(\/(0|[1-9]\d{0,4})?)?$/.test(url.pathname)) {
    return { problem: "has a path that is no database's number", fix: REDIS_RULE };
  }
  if (url.search !== '' || url.hash !== '') {
    return {
      problem: 'has something after ? or #',
      fix: `write such characters of a password as %3F and %23; ${REDIS_RULE}`,
    };
  }
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return { problem: 'has a user or password that is not percent-encoded', fix: 'write % itself as %25' };
  }
  return undefined;
}

/** Parses a valid `REDIS_URL`. */
export function redisServer(text: string): RedisServer {
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  return {
    host: withoutBrackets(hostname),
    port: Number(port || 6379),
    tls: protocol === 'rediss:',
    database: Number(pathname.slice(1)),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  };
}

/** Removes the brackets that an IPv6 address has in a URL. */
function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
