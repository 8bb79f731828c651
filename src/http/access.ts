import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../domain/refusal.ts';
import { ORIGIN_MAX, type Partner, type Rate, type Site, type StoredSites, TEST_KEY } from '../domain/site.ts';
import { derived } from '../lib/values.ts';
import type { ProblemCode } from './problems.ts';

/** `Bearer` and a token of RFC 6750, section 2.1. Keys are far shorter than this bound on what is hashed. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]{1,512}=*)$/i;

/**
 * Gives a function that finds the partner of an `Authorization` header. A request with that header needs a valid key, even if a
 * visitor's request would be accepted without one. Every hash is compared, in constant time, so that the time of a refusal reveals
 * nothing.
 *
 * @throws Refusal `invalid_api_key`
 */
export function createPartnerCheck(partners: ReadonlyMap<string, Partner>): (authorization: string) => Partner {
  const keys = [...partners.values()].flatMap((partner) => partner.keyHashes.map((keyHash) => ({ keyHash, partner })));
  return (authorization) => {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw new Refusal('invalid_api_key', 'Authorization is not of the form "Bearer <key>".');
    const presented = hash('sha256', token, 'buffer');
    let found: Partner | undefined;
    for (const { keyHash, partner } of keys) if (timingSafeEqual(keyHash, presented)) found = partner;
    if (!found) throw new Refusal('invalid_api_key', 'This key is not, or no longer, the key of a partner.');
    return found;
  };
}

/** Whether an `Authorization` header has a test key: the key itself says so, and the configuration has only its hash. */
export function hasTestKey(authorization: string): boolean {
  return BEARER.exec(authorization)?.[1]?.startsWith(TEST_KEY) ?? false;
}

/** The SHA-256 of the key of an `Authorization` header. @throws Error for a header that has none */
export function presentedKeyHash(authorization: string): Buffer {
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) throw new Error('A key was accepted that the header does not have.');
  return hash('sha256', token, 'buffer');
}

/**
 * All sites: those of the configuration file, then those of the store. A method gives a promise only where the store has to be
 * read, so that a request for a site in use waits for nothing. Promises reject with `StorageUnavailable`.
 */
export interface Sites {
  /** A site that is known without a read. */
  get(key: string): Site | undefined;
  find(key: string): Site | undefined | Promise<Site | undefined>;
  /** Whether pages of an origin may use any site: the preflight of a lead does not say which site the lead is for. */
  allows(origin: string | undefined): boolean | Promise<boolean>;
}

/** Where a site is looked up that is known already. */
type FoundSites = Pick<Sites, 'get'>;

/** @param file has the sites of the configuration file, which may be replaced: they are read at each use */
export function createSites(file: { readonly sites: ReadonlyMap<string, Site> }, stored: StoredSites): Sites {
  const union = derived(() => file.sites, unionOfOrigins);

  const allowsAny = (): boolean | Promise<boolean> => stored.allows('*');
  return {
    get: (key) => file.sites.get(key) ?? stored.peek(key) ?? undefined,
    find: (key) => file.sites.get(key) ?? stored.find(key),
    allows(origin) {
      const origins = union();
      if (includes(origins, origin)) return true;
      const any = allowsAny();
      if (any === true || origin === undefined) return any;
      const own = stored.allows(origin);
      if (typeof any === 'boolean') return own;
      return any.then((yes) => yes || own);
    },
  };
}

/** Only this site, or none. */
export const only = (site: Site | undefined): FoundSites => ({ get: () => site });

/** Whether pages of an origin may read answers about a site. */
export function includes(origins: Site['origins'], origin: string | undefined): boolean {
  return origins === '*' || (origin !== undefined && origins.has(origin));
}

/** Any origin as soon as one site takes any. */
function unionOfOrigins(sites: ReadonlyMap<string, Site>): Site['origins'] {
  const union = new Set<string>();
  for (const { origins } of sites.values()) {
    if (origins === '*') return origins;
    for (const origin of origins) union.add(origin);
  }
  return union;
}

/** A request for a site: of a partner, known by its key, else of a visitor's browser, known by its `Origin`. */
export type SiteRequest = {
  readonly partner?: Partner | undefined;
  readonly origin?: string | undefined;
  /** Whether the gateway's own page of the site sends it: its form token stands for the origin, and is checked later. */
  readonly hosted?: boolean;
};

/**
 * The site that a lead is for, where the request may send leads to it.
 *
 * @param key the lead's `site`; a partner may leave it out for its default site
 * @throws Refusal `invalid_request` for none, `unknown_site`, `origin_not_allowed`
 */
export function siteFor(
  sites: FoundSites,
  key: string | undefined,
  { partner, origin, hosted = false }: SiteRequest,
): Site {
  const wanted = key ?? partner?.defaultSite;
  if (wanted === undefined) {
    throw new Refusal(
      'invalid_request',
      partner
        ? 'Is missing, and this partner has no default site.'
        : 'Is missing; send the public key of a configured site, or as a partner your own key in Authorization.',
      { pointer: '/site' },
    );
  }
  const site = sites.get(wanted);
  if (!site || (partner && partner.sites !== '*' && !partner.sites.has(wanted))) {
    throw new Refusal('unknown_site', partner ? 'Is not a site of this partner.' : 'Is not a configured site.', {
      pointer: '/site',
    });
  }
  if (!partner && !hosted) requireOrigin(site, origin);
  return site;
}

function requireOrigin({ origins }: Site, origin: string | undefined): void {
  if (origins === '*') return;
  if (origin === undefined || origin === 'null') {
    throw new Refusal(
      'origin_not_allowed',
      'This site takes leads only from pages of its own origins, and from partners with their key in Authorization.',
    );
  }
  if (!origins.has(origin)) {
    throw new Refusal('origin_not_allowed', "The page's origin is not on this site's list.");
  }
}

/** The key of a site in a path such as `/sites/demo/form`. @param url readable, with or without a query */
export function siteKeyInPath(url: string): string | undefined {
  const key = /^\/sites\/([^/?#]+)/.exec(url)?.[1];
  return key === undefined ? undefined : decodeURIComponent(key);
}

/** The key of a site in the parsed body of a lead, valid or not. */
export function siteKeyInBody(body: unknown): string | undefined {
  const named = typeof body === 'object' && body !== null && 'site' in body ? body.site : undefined;
  return typeof named === 'string' ? named : undefined;
}

/** The parts of a request that identify its page. `host` and `protocol` are those of the request, as trusted proxies report them. */
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

/** An origin for the log. A text that is no origin could hold personal data, so it is not quoted. */
export function loggedOrigin(origin: string | undefined): string {
  if (origin === undefined) return 'none';
  const valid = origin === 'null' || (origin.length <= ORIGIN_MAX && URL.parse(origin)?.origin === origin);
  return valid ? origin : 'invalid';
}

/** The rest of a limit after a request was counted. `resetS` are whole seconds until the window ends. */
export type Usage = {
  readonly name: 'reads' | 'health' | 'files' | 'attempts' | 'visitor' | 'partner';
  readonly rate: Rate;
  readonly remaining: number;
  readonly resetS: number;
  readonly exceeded: boolean;
};

/** The sender of a request, as far as hooks and routes have identified it. Limits count by it, and the log line has parts of it. */
export type Requester = {
  /** The key of its address (`addressKey`): for counting, never logged. */
  readonly address: string;
  /** Set when the request has the key of a partner. */
  partner?: Partner;
  /** Set when that key is a test key. */
  test?: boolean;
  /** Set when the request may use the site. */
  site?: Site;
  /** The limit that the answer reports in its header fields; absent where the answer reports none. */
  usage?: Usage;
  /** The header or the setting that is probably missing, where the page of a refused request is not known. */
  proxyLacks?: ProxyLack;
  /** Code of the problem that the request was answered with. */
  problem?: ProblemCode;
  /** Set when the request was refused before it was read, because there is too much to do. */
  shed?: true;
};

declare module 'fastify' {
  interface FastifyRequest {
    requester: Requester;
  }
}
