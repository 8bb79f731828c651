import { Refusal } from '../domain/refusal.ts';
import type { Partner, Site } from '../domain/site.ts';

/** Who asks for a site: a partner by its key, else a visitor's browser by its `Origin`. */
export type Asker = { readonly partner?: Partner | undefined; readonly origin?: string | undefined };

/** Longer than any real origin (a scheme, a host of 253 characters, a port); what is longer is not kept as evidence. */
const ORIGIN_MAX = 280;

/**
 * The site that a lead is for, when this caller may send it leads.
 *
 * @param key the lead's `site`; a partner may leave it out for its default site
 * @throws Refusal `invalid_request` for none, `unknown_site`, `origin_not_allowed`
 */
export function admitToSite(sites: ReadonlyMap<string, Site>, key: string | undefined, asker: Asker): Site {
  const { partner, origin } = asker;
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
  if (!partner) requireOrigin(site, origin);
  return site;
}

/** The origin as evidence beside a visitor's consent; a partner's header says nothing about a visitor. */
export function evidentOrigin({ partner, origin }: Asker): string | undefined {
  return partner || origin === undefined || origin.length > ORIGIN_MAX ? undefined : origin;
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
