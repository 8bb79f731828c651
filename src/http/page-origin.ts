import type { FastifyRequest } from 'fastify';
import type { Site } from '../domain/site.ts';

/** Longer than any real origin (a scheme, a host of 253 characters, a port); what is longer is not kept as evidence. */
const ORIGIN_MAX = 280;

/** What a request says of the page that it comes from. `host` and `protocol` are those of the request, as our own proxies tell. */
export type PageRequest = Pick<FastifyRequest, 'headers' | 'host' | 'protocol'>;

/** A header field that a proxy has to send, or the setting without which it is not believed. */
export type ProxyLack = 'X-Forwarded-Host' | 'X-Forwarded-Proto' | 'TRUST_PROXY';

/**
 * The origin of the page that a request to read comes from. Browsers leave `Origin` out of a GET to the page's own host. The
 * `Referer` names the page then, unless its policy hides it; `Sec-Fetch-Site` says that a request without `Origin` is no such GET.
 * Else it is the host that the request was sent to, which a proxy may have replaced.
 */
export function originOfRead(request: PageRequest): string {
  const { headers, host, protocol } = request;
  return claimedOrigin(headers) ?? `${protocol}://${host}`;
}

/** The origin that a request itself names, in `Origin` or else in `Referer`. */
export function claimedOrigin(headers: FastifyRequest['headers']): string | undefined {
  return headers.origin ?? originOfReferer(headers);
}

function originOfReferer({ referer, 'sec-fetch-site': fetched }: FastifyRequest['headers']): string | undefined {
  if (referer === undefined || (fetched !== undefined && fetched !== 'same-origin')) return undefined;
  const origin = URL.parse(referer)?.origin;
  return origin === 'null' ? undefined : origin;
}

/** A page as tokens and proofs know it: its origin, `self` for one on the gateway's own host, or `HOSTED_PAGE`. */
export type PageIdentity = string;

/** The gateway's own form page of a site. No origin is spelled like this. */
export const HOSTED_PAGE: PageIdentity = 'hosted';

/**
 * The page that a request comes from. A browser's GET to the page's own host and its POST there have to give the same page,
 * although only the POST has an `Origin`. A client that is no browser and sends no `Origin` counts as `self`, too.
 */
export function pageOf({ headers, host }: Pick<PageRequest, 'headers' | 'host'>): PageIdentity {
  if (headers['sec-fetch-site'] === 'same-origin') return 'self';
  const origin = claimedOrigin(headers);
  return origin === undefined || URL.parse(origin)?.host === host ? 'self' : origin;
}

/**
 * Which header a proxy in front lacks, where a refused request to read could be of a page on the gateway's own host; `undefined`
 * where it says itself which other page it is of.
 */
export function missingFromProxy(request: PageRequest, { origins }: Site): ProxyLack | undefined {
  const { headers, host } = request;
  if (origins === '*' || claimedOrigin(headers) !== undefined) return undefined;
  const hosts = new Set([...origins].map((origin) => URL.parse(origin)?.host));
  const { 'x-forwarded-host': forwardedHost, 'x-forwarded-proto': forwardedProto } = headers;
  if (hosts.has(host)) return forwardedProto === undefined ? 'X-Forwarded-Proto' : 'TRUST_PROXY';
  return hosts.has(String(forwardedHost)) ? 'TRUST_PROXY' : 'X-Forwarded-Host';
}

/** The origin that is recorded beside a visitor's consent. */
export function recordedOrigin(origin: string | undefined): string | undefined {
  return origin === undefined || origin.length > ORIGIN_MAX ? undefined : origin;
}

/** An origin for the log: what is no origin could be anything, and is not quoted. */
export function loggedOrigin(origin: string | undefined): string {
  if (origin === undefined) return 'none';
  const valid = origin === 'null' || (origin.length <= ORIGIN_MAX && URL.parse(origin)?.origin === origin);
  return valid ? origin : 'invalid';
}
