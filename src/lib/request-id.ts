import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What proxies and clients write: UUIDs, hexadecimal numbers, `Root=1-67891233-abcdef012345678912345678`. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:=@/+-]{0,127}$/;

/** So few digits and nothing else could be a phone number, which must not get into a log. */
const COULD_BE_A_NUMBER = /^[0-9.:=@/+-]{0,24}$/;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of a request: its valid `X-Request-Id`, so that logs on both sides name the same request, else a new UUID. */
export function requestIdOf({ 'x-request-id': given }: IncomingHttpHeaders): string {
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
