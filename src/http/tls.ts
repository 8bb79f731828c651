import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type Server } from 'node:tls';
import type { Logger } from 'pino';
import type { TlsFiles } from '../domain/addresses.ts';

export type KeyPair = { readonly cert: Buffer; readonly key: Buffer };

/** Reads a certificate chain and its key, both PEM. Rejects when a file cannot be read. */
export async function readKeyPair({ certFile, keyFile }: TlsFiles): Promise<KeyPair> {
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
  return { cert, key };
}

/**
 * Gives the listener a renewed certificate without a restart. A pair that does not fit together (the files change one
 * after the other) or cannot be read is logged, and the old one stays.
 *
 * Files are polled, not watched: secrets mounted into containers change by a swapped symbolic link, which is no event
 * on the file itself.
 *
 * @param intervalMs between two looks at the files
 * @returns stops watching
 */
export function renewCertificate(files: TlsFiles, server: Server, logger: Logger, intervalMs = 10_000): () => void {
  const renew = async (): Promise<void> => {
    try {
      const pair = await readKeyPair(files);
      createSecureContext(pair);
      server.setSecureContext(pair);
      logger.info({ event: 'certificate_renewed' }, 'certificate renewed');
    } catch (error) {
      const cause = (error as NodeJS.ErrnoException).code;
      logger.warn({ event: 'certificate_refused', cause }, 'new certificate refused, the old one stays');
    }
  };
  const watched = [files.certFile, files.keyFile];
  const onChange = (): void => void renew();
  for (const file of watched) watchFile(file, { interval: intervalMs, persistent: false }, onChange);
  return () => {
    for (const file of watched) unwatchFile(file, onChange);
  };
}
