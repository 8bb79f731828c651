import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';

const FOLDER = path.join(import.meta.dirname, 'inbox');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const FILES = [
  'inbox.html',
  'icon.svg',
  'theme.css',
  'inbox.css',
  'list.css',
  'details.css',
  'panel.css',
  'narrow.css',
  'inbox.js',
  'feed.js',
  'list.js',
  'details.js',
  'panel.js',
  'dom.js',
];

/**
 * Leads are hostile text: whatever slips through runs nothing and loads nothing. The demo page of a gateway on this machine
 * shows the inbox beside its button; nobody else may frame it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  'frame-ancestors http://127.0.0.1:* http://localhost:*',
  "require-trusted-types-for 'script'",
].join('; ');

export type Pages = (path: string, response: ServerResponse) => boolean;

/** Reads the inbox's files once. The function that it gives answers a path with its file, or says that there is none. */
export function loadPages(): Pages {
  const files = new Map<string, { type: string; body: Buffer }>();
  for (const name of FILES) {
    const type = TYPES[path.extname(name)] ?? 'application/octet-stream';
    files.set(name === 'inbox.html' ? '/' : `/${name}`, { type, body: readFileSync(path.join(FOLDER, name)) });
  }
  return (pathname, response) => {
    const file = files.get(pathname);
    if (file === undefined) return false;
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': file.body.length,
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
    response.end(file.body);
    return true;
  };
}
