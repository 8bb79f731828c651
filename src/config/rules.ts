import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import type { TlsFiles } from '../domain/addresses.ts';
import type { Site } from '../domain/site.ts';
import { DEVELOPMENT_HASH_KEY } from './defaults.ts';
import type { Environment } from './environment.ts';
import { databasePath, isPostgres, parsePostgres, redisServer } from './formats/databases.ts';
import { keyBytes, MAKE_KEY } from './formats/formats.ts';
import { isProduction, orDevelopment } from './mode.ts';
import type { Problem } from './problem.ts';
import { type ReadFile, readText } from './read-file.ts';
import type { Settings } from './settings.ts';

const REQUIRED_KEYS = [
  ['DATA_KEY', 'production keeps no readable leads on disk'],
  ['HASH_KEY', 'the key for development is known to everybody'],
] as const;

/** The rules between `DATA_KEY`, `DATA_KEY_PREVIOUS` and `HASH_KEY`; each by itself is checked with its variable. */
export function checkKeys(environment: Environment): Problem[] {
  const { values, given } = environment;
  const { DATA_KEY: data, DATA_KEY_PREVIOUS: previous, HASH_KEY: hash } = values;
  const problems: Problem[] = [];
  const refuse = (setting: string, problem: string, fix = MAKE_KEY) => problems.push({ setting, problem, fix });
  if (isProduction(environment)) {
    const fix = MAKE_KEY + orDevelopment(environment);
    for (const [name, reason] of REQUIRED_KEYS) if (!given(name)) refuse(name, `is not set, and ${reason}`, fix);
  }
  if (hash !== undefined && hash === data) refuse('HASH_KEY', 'is the same as DATA_KEY');
  if (hash !== undefined && previous.includes(hash)) refuse('HASH_KEY', 'is one of DATA_KEY_PREVIOUS');
  if (data !== undefined && previous.includes(data)) {
    refuse(
      'DATA_KEY_PREVIOUS',
      'holds DATA_KEY itself',
      'list other keys there: those that were DATA_KEY before, or the next one',
    );
  }
  if (given('DATA_KEY_PREVIOUS') && !given('DATA_KEY')) {
    refuse('DATA_KEY_PREVIOUS', 'is set, and DATA_KEY is not', 'set DATA_KEY too, to the key of new leads');
  }
  return problems;
}

/** The keys' bytes: the current one first. */
export function buildKeys({ values }: Environment): Settings['keys'] {
  const { DATA_KEY: data, DATA_KEY_PREVIOUS: previous, HASH_KEY: hash } = values;
  return {
    data: data === undefined ? [] : [data, ...previous].map(keyBytes),
    hash: hash === undefined ? DEVELOPMENT_HASH_KEY : keyBytes(hash),
  };
}

const ANY_ADDRESS = ['0.0.0.0', '::'];

/** Checks that the operators' listener has both a port and a token or neither, on another port than the public one. */
export function checkAdmin({ values, given }: Environment): Problem[] {
  const problems: Problem[] = [];
  const refuse = (setting: string, problem: string, fix: string) => problems.push({ setting, problem, fix });
  if (given('ADMIN_PORT') && !given('ADMIN_TOKEN')) {
    refuse('ADMIN_TOKEN', 'is not set, and ADMIN_PORT is', 'set it, as openssl rand -base64 32 prints one');
  }
  for (const token of ['ADMIN_TOKEN', 'METRICS_TOKEN'] as const) {
    if (given(token) && !given('ADMIN_PORT')) {
      refuse(token, 'is set, and there is no admin listener', 'set ADMIN_PORT too, or unset this one');
    }
  }
  const { ADMIN_TOKEN: token, METRICS_TOKEN: metrics } = values;
  if (metrics !== undefined && metrics === token) {
    refuse('METRICS_TOKEN', 'is the same as ADMIN_TOKEN', 'use another, since whoever reads metrics may read no more');
  }
  if (collides(values)) {
    refuse('ADMIN_PORT', 'is the port of the public listener', 'use another port, such as 9090');
  }
  return problems;
}

function collides({ PORT, HOST, ADMIN_PORT, ADMIN_HOST }: Environment['values']): boolean {
  if (ADMIN_PORT === 0 || ADMIN_PORT !== PORT) return false;
  return HOST === ADMIN_HOST || ANY_ADDRESS.includes(HOST) || ANY_ADDRESS.includes(ADMIN_HOST);
}

/** The operators' listener, where there is one. */
export function buildAdmin({ values }: Environment): Settings['admin'] {
  const { ADMIN_HOST: host, ADMIN_PORT: port, ADMIN_TOKEN: token } = values;
  return port === undefined || token === undefined ? undefined : { host, port, token };
}

const TLS_FILES = [
  { setting: 'TLS_CERT_FILE', other: 'TLS_KEY_FILE', holds: /-----BEGIN CERTIFICATE-----/, what: 'certificate' },
  { setting: 'TLS_KEY_FILE', other: 'TLS_CERT_FILE', holds: /-----BEGIN [A-Z ]*PRIVATE KEY-----/, what: 'private key' },
] as const;

/** Checks that both files of the certificate are set or neither, that they are readable, and that they are not swapped. */
export function checkTls(environment: Environment, readFile: ReadFile, cwd: string): Problem[] {
  return TLS_FILES.flatMap(({ setting, other, holds, what }): Problem[] => {
    const path = environment.values[setting];
    if (path === undefined) {
      if (environment.given(setting) || !environment.given(other)) return [];
      return [{ setting, problem: `is not set, and ${other} is`, fix: 'set both, or neither' }];
    }
    const read = readText(readFile, resolve(cwd, path));
    if ('mistake' in read) return [{ setting, ...read.mistake }];
    if (holds.test(read.text)) return [];
    return [
      { setting, problem: `names a file without a ${what} in PEM: ${path}`, fix: `name the file of the ${what}` },
    ];
  });
}

/** The absolute paths of the certificate's files, where there are any. */
export function tlsFiles({ values }: Environment, cwd: string): TlsFiles | undefined {
  const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key } = values;
  if (cert === undefined || key === undefined) return undefined;
  return { certFile: resolve(cwd, cert), keyFile: resolve(cwd, key) };
}

/** Builds the location of the store from `DATABASE_URL` and `DATABASE_POOL_MAX`. */
export function buildDatabase({ values }: Environment, cwd: string): Settings['database'] {
  const { DATABASE_URL: url, DATABASE_POOL_MAX: poolMax } = values;
  if (!isPostgres(url)) return { kind: 'sqlite', path: resolve(cwd, databasePath(url)) };
  return { ...parsePostgres(url, (path) => resolve(cwd, path)), poolMax };
}

/** Checks at start that the file of certificate authorities can be read, so that no lead fails on it later. */
export function checkDatabaseFiles(environment: Environment, readFile: ReadFile, cwd: string): Problem[] {
  const place = buildDatabase(environment, cwd);
  const path = place.kind === 'postgres' ? place.tls?.rootCertFile : undefined;
  if (path === undefined) return [];
  const read = readText(readFile, path);
  const setting = 'DATABASE_URL';
  if ('mistake' in read) return [{ setting, ...read.mistake }];
  if (read.text.includes('-----BEGIN CERTIFICATE-----')) return [];
  return [
    { setting, problem: 'has an sslrootcert without a certificate in PEM', fix: 'name the file of the authorities' },
  ];
}

/** How many sites a warning names. */
const SITES_NAMED = 3;

/** A cap of a number at one site that is above its cap over all sites never takes effect. */
export function warnOfCaps({ values }: Environment, sites: ReadonlyMap<string, Site>): Problem[] {
  const total = values.PHONE_DAILY_MAX_TOTAL;
  const above = [...sites.values()].filter(({ dailyMax }) => (dailyMax?.phone ?? values.PHONE_DAILY_MAX) > total);
  if (above.length === 0) return [];
  const named = above.slice(0, SITES_NAMED).map(({ key }) => key);
  const others = above.length > named.length ? ` and ${above.length - named.length} more` : '';
  return [
    {
      setting: 'PHONE_DAILY_MAX_TOTAL',
      problem: `is below the cap of one number at the site ${named.join(', ')}${others}, which therefore never takes effect`,
      fix: `raise it above ${total}, or lower PHONE_DAILY_MAX or dailyMax/phone of the site`,
    },
  ];
}

/** Warns of an unencrypted connection to a database on another machine. */
export function warnOfDatabase(environment: Environment, cwd: string): Problem[] {
  const place = buildDatabase(environment, cwd);
  if (!isProduction(environment) || place.kind === 'sqlite' || place.tls || isLocal(place.host)) return [];
  return [
    {
      setting: 'DATABASE_URL',
      problem: 'leads to another machine without encryption',
      fix: 'add ?sslmode=verify-full unless nobody can listen on the way',
    },
  ];
}

/** Warns of a password that crosses the network to Redis in plain text. */
export function warnOfRedis({ values: { REDIS_URL } }: Environment): Problem[] {
  if (REDIS_URL === undefined) return [];
  const { host, password, tls } = redisServer(REDIS_URL);
  if (password === undefined || tls || isLocal(host)) return [];
  return [
    {
      setting: 'REDIS_URL',
      problem: 'sends its password to another machine without encryption',
      fix: 'use rediss:// unless nobody can listen on the way',
    },
  ];
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

const TOKENS = ['ADMIN_TOKEN', 'METRICS_TOKEN'] as const;
const TOKEN_FIX = 'use a random token, as openssl rand -base64 32 prints one';

/** A token of fewer different characters is not random, for example one character many times. */
const LEAST_DIFFERENT = 4;
/** 16 random hexadecimal digits, the shortest token, have ten different ones; fewer than eight are rare. */
const RANDOM_DIFFERENT = 8;
/** Words of documents and examples, which a guess begins with. */
const COMMON =
  /token|secret|password|admin|operator|metrics|gateway|example|change|replace|letmein|qwerty|12345|abcdef/i;

/** Refuses tokens that consist of a character or two. */
export function checkTokens({ values }: Environment): Problem[] {
  return TOKENS.flatMap((setting) => {
    const token = values[setting];
    if (token === undefined || new Set(token).size >= LEAST_DIFFERENT) return [];
    return [{ setting, problem: 'consists of very few different characters', fix: TOKEN_FIX }];
  });
}

/** Warns of tokens that could be guessed although they are long: words, and a short part that is repeated. */
export function warnOfTokens({ values }: Environment): Problem[] {
  return TOKENS.flatMap((setting) => {
    const token = values[setting];
    const problem = token === undefined ? undefined : weaknessOf(token);
    return problem === undefined ? [] : [{ setting, problem, fix: TOKEN_FIX }];
  });
}

function weaknessOf(token: string): string | undefined {
  if (/^(.{1,16}?)\1+.{0,15}$/.test(token)) return 'repeats a short text, so it can be guessed';
  if (COMMON.test(token)) return 'contains a common word, so it may be guessed';
  // Random text of 32 characters in base64 or hexadecimal has no digit once in a thousand times.
  if (/^[A-Za-z]+([^A-Za-z0-9][A-Za-z]+)*$/.test(token)) return 'consists of words, so it may be guessed';
  return new Set(token).size < RANDOM_DIFFERENT
    ? 'consists of few different characters, so it may be guessed'
    : undefined;
}
