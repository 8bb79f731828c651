import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import type { Environment } from './environment.ts';
import { databasePath, isPostgres } from './formats/database.ts';
import { parsePostgres } from './formats/postgres.ts';
import type { Problem } from './problem.ts';
import { type ReadFile, readText } from './read-file.ts';
import type { Settings } from './settings.ts';

/** Where leads are stored, as `DATABASE_URL` and `DATABASE_POOL_MAX` say. */
export function buildDatabase({ values }: Environment, cwd: string): Settings['database'] {
  const { DATABASE_URL: url, DATABASE_POOL_MAX: poolMax } = values;
  if (!isPostgres(url)) return { kind: 'sqlite', path: resolve(cwd, databasePath(url)) };
  return { ...parsePostgres(url, (path) => resolve(cwd, path)), poolMax };
}

/** Whether the file of authorities can be read; a lead is not to wait for somebody to find out. */
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

/** What a person should look at although it works. */
export function warnOfDatabase(environment: Environment, cwd: string): Problem[] {
  const place = buildDatabase(environment, cwd);
  if (environment.values.NODE_ENV !== 'production' || place.kind === 'sqlite' || place.tls || isLocal(place.host))
    return [];
  return [
    {
      setting: 'DATABASE_URL',
      problem: 'leads to another machine without encryption',
      fix: 'add ?sslmode=verify-full unless nobody can listen on the way',
    },
  ];
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
