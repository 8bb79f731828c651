import type { Mistake } from '../problem.ts';
import type { PostgresPlace } from '../settings.ts';

const RULE = 'use postgres://user:password@host/database, with % escapes in the password';
const TLS_RULE = 'use sslmode=verify-full, or leave it out where nobody can listen on the way';
const DEFAULT_PORT = 5432;

/**
 * The address of a Postgres database. Only what we act on is let in, so that nothing that is written there means less than
 * it seems to: `sslmode` (`disable` or `verify-full`) and `sslrootcert`.
 */
export function checkPostgres(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (!url || /\s/.test(text)) return { problem: 'is not an address of a database', fix: RULE };
  if (url.hostname === '') return { problem: 'names no host', fix: RULE };
  if (!/^\/[^/]+$/.test(url.pathname)) return { problem: 'names no database', fix: RULE };
  if (url.username === '') return { problem: 'names no user', fix: RULE };
  if (url.hash !== '') return { problem: 'contains a #', fix: 'write # in the password as %23' };
  if ([url.username, url.password, url.pathname].some((part) => decoded(part) === undefined))
    return { problem: 'has a % that begins no escape', fix: 'write % in the password as %25' };
  return checkOptions(url.searchParams);
}

function checkOptions(options: URLSearchParams): Mistake | undefined {
  for (const name of options.keys()) {
    if (name !== 'sslmode' && name !== 'sslrootcert')
      return { problem: 'has options that we do not know', fix: 'use sslmode and sslrootcert only' };
    if (options.getAll(name).length > 1) return { problem: `has ${name} twice`, fix: 'leave one of them' };
  }
  const mode = options.get('sslmode');
  if (mode !== null && mode !== 'disable' && mode !== 'verify-full')
    return { problem: 'has an sslmode that does not verify who answers, or not always', fix: TLS_RULE };
  if (options.has('sslrootcert') && (mode !== 'verify-full' || options.get('sslrootcert') === ''))
    return { problem: 'has an sslrootcert that would not be used', fix: 'use it with sslmode=verify-full, and a path' };
  return undefined;
}

/**
 * What a sound address says.
 *
 * @param absolute gives the absolute path of one that may be relative
 */
export function parsePostgres(text: string, absolute: (path: string) => string): Omit<PostgresPlace, 'poolMax'> {
  const { hostname, port, pathname, username, password, searchParams } = new URL(text);
  const rootCert = searchParams.get('sslrootcert');
  return {
    kind: 'postgres',
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? DEFAULT_PORT : Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(searchParams.get('sslmode') === 'verify-full' && {
      tls: rootCert === null ? {} : { rootCertFile: absolute(rootCert) },
    }),
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
