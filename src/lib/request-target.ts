import type { IncomingMessage } from 'node:http';

/** A path that no route has. */
const NOWHERE = '/.unreadable';

/** The absolute form, which clients send to a proxy and servers have to take, too (RFC 9112, section 3.2.2). */
const ABSOLUTE = /^https?:\/\/[^/?#]+([^#]*)$/i;

/**
 * The path and query of a request target as the router gets them. A target that the router cannot decode becomes a path that no
 * route has: the router would answer it by itself, without the request hooks, and so without limits, CORS and a problem.
 */
export function readTarget(target: string): string {
  const path = target.startsWith('/') ? target : pathOfAbsolute(target);
  return isDecodable(path) ? path : NOWHERE;
}

function pathOfAbsolute(target: string): string {
  const rest = URL.canParse(target) ? ABSOLUTE.exec(target)?.[1] : undefined;
  if (rest === undefined) return NOWHERE;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path.split('?', 1)[0] ?? '');
    return true;
  } catch {
    return false;
  }
}

/**
 * What is wrong with the `Host` of a request: there may be one valid one at most, and from HTTP/1.1 on exactly one (RFC 9112,
 * section 3.2). Node keeps the first of several, a proxy perhaps the last, and by that name we tell our own pages from others.
 */
export function hostMistake({ httpVersion, rawHeaders, headers: { host } }: IncomingMessage): string | undefined {
  const count = rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'host').length;
  if (count > 1) return 'The request has more than one Host header; send one.';
  if (count === 0 && httpVersion !== '1.0') return 'The request has no Host header; HTTP/1.1 needs one.';
  if (host !== undefined && !/^[^\s/?#@\\,]*$/.test(host)) {
    return 'The Host header is not a host name with an optional port.';
  }
  return undefined;
}
