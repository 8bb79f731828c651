import type { ServerResponse } from 'node:http';

/** Answers JSON that no cache keeps. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

/** Answers an error in one shape, `{ "error": "what would be right" }`. */
export function sendError(response: ServerResponse, status: number, error: string): void {
  sendJson(response, status, { error });
}
