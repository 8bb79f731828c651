import type { Site, StoredSites } from '../domain/site.ts';
import { derived } from '../lib/values.ts';

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
export type FoundSites = Pick<Sites, 'get'>;

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
