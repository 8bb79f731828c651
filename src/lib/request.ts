import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A path that no route has. */
const NOWHERE = '/.unreadable';

/** The absolute form, which clients send to a proxy and servers have to take, too (RFC 9112, section 3.2.2). */
const ABSOLUTE = /^https?:\/\/[^/?#]+([^#]*)$/i;

/**
 * The path and query of a request target as the router gets them. A target that the router cannot decode becomes a path that no
 * route has: the router would answer it by itself, without the request hooks, and so without limits, CORS and a problem.
 */
export function readTarget({ url: target = '/' }: Pick<IncomingMessage, 'url'>): string {
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
 * The mistake in the `Host` of a request: there may be one valid one at most, and from HTTP/1.1 on exactly one (RFC 9112,
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

/** What proxies and clients write: UUIDs, hexadecimal numbers, `Root=1-67891233-abcdef012345678912345678`. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:=@/+-]{0,127}$/;

/** So few digits and nothing else could be a phone number, which must not get into a log. */
const COULD_BE_A_NUMBER = /^[0-9.:=@/+-]{0,24}$/;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of a request: its valid `X-Request-Id`, so that logs on both sides name the same request, else a new UUID. */
export function requestIdOf({ headers: { 'x-request-id': given } }: Pick<IncomingMessage, 'headers'>): string {
  return typeof given === 'string' && ID.test(given) && !COULD_BE_A_NUMBER.test(given) ? given : randomUUID();
}

/** Names one occurrence of a problem (RFC 9457, `instance`): a UUID as a URN, any other id as a reference to the request's own URL. */
export function instanceOf(requestId: string): string {
  return UUID.test(requestId) ? `urn:uuid:${requestId}` : `?requestId=${encodeURIComponent(requestId)}`;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header: version, trace, parent span, flags; later versions may add fields. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?<more>-[0-9A-Za-z-]{1,64})?$/;

/** The valid `traceparent` of a request. */
export function traceparentOf({ traceparent }: IncomingHttpHeaders): string | undefined {
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  if (!match || (match.groups?.more !== undefined && match[0].startsWith('00-'))) return undefined;
  return match[0];
}
