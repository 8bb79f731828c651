import { hash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../domain/refusal.ts';
import type { Partner, Site } from '../domain/site.ts';

/** `Bearer` and a token of RFC 6750, section 2.1. Keys are far shorter than this bound on what is hashed. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]{1,512}=*)$/i;

/**
 * Who a present `Authorization` header belongs to. It alone decides: a browser's rules are no fallback for a wrong key.
 * Every hash is compared, in constant time, so that nothing can be told from how long a refusal takes.
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
  sites: ReadonlyMap<string, Site>,
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
