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
