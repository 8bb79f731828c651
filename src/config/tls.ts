import { resolve } from 'node:path';
import type { Environment } from './environment.ts';
import type { Problem } from './problem.ts';
import { type ReadFile, readText } from './read-file.ts';
import type { TlsFiles } from './settings.ts';

const FILES = [
  { setting: 'TLS_CERT_FILE', other: 'TLS_KEY_FILE', holds: /-----BEGIN CERTIFICATE-----/, what: 'certificate' },
  { setting: 'TLS_KEY_FILE', other: 'TLS_CERT_FILE', holds: /-----BEGIN [A-Z ]*PRIVATE KEY-----/, what: 'private key' },
] as const;

/** Both files of a certificate or neither, readable, and not the one in place of the other. */
export function checkTls(environment: Environment, readFile: ReadFile, cwd: string): Problem[] {
  return FILES.flatMap(({ setting, other, holds, what }): Problem[] => {
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
