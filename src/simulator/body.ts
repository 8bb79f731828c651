import type { IncomingMessage } from 'node:http';

/**
 * Reads a whole body of `limit` bytes at most. Resolves with it, with `'too_large'`, or with `'gone'` where the caller
 * left before its end; never rejects.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | 'too_large' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else resolve('too_large');
    });
    request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once('close', () => resolve('gone'));
    // Reported by `close`; without a listener it would end the process.
    request.once('error', () => undefined);
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The text of well-formed UTF-8, or `undefined`. */
export function decodeUtf8(body: Buffer): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

/** The media type of a Content-Type header in lower case, or `undefined` where it names a charset other than UTF-8. */
export function mediaTypeOf(header: string | undefined): string | undefined {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';');
  const foreign = parameters.some((parameter) => {
    const [name, value = ''] = parameter.split('=');
    return name?.trim() === 'charset' && value.trim().replaceAll('"', '') !== 'utf-8';
  });
  return foreign ? undefined : type.trim();
}
