import type { IncomingMessage, ServerResponse } from 'node:http';

/** Not by an `import`, which would make Node load its own HTTP client (`lib/http.ts`). */
export const { createServer } = process.getBuiltinModule('node:http');

/**
 * Reads a whole body of `limit` bytes at most. Resolves with the body, with `'too_large'`, or with `'gone'` when the
 * client closed the connection before the end of the body. Never rejects.
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
    // `close` reports the failure. Without an `error` listener it would end the process.
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

/** Answers JSON with `Cache-Control: no-store`. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

/** Answers an error in the common format, `{ "error": "what would be right" }`. */
export function sendError(response: ServerResponse, status: number, error: string): void {
  sendJson(response, status, { error });
}
