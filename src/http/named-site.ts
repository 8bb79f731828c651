import type { Site } from '../domain/site.ts';

type Sites = ReadonlyMap<string, Site>;

/** The configured site in a path such as `/sites/demo/form`. @param url readable, with or without a query */
export function siteInPath(url: string, sites: Sites): Site | undefined {
  const key = /^\/sites\/([^/?#]+)/.exec(url)?.[1];
  return key === undefined ? undefined : sites.get(decodeURIComponent(key));
}

/** The configured site in the parsed body of a lead, valid or not. */
export function siteInBody(body: unknown, sites: Sites): Site | undefined {
  const named = typeof body === 'object' && body !== null && 'site' in body ? body.site : undefined;
  return typeof named === 'string' ? sites.get(named) : undefined;
}
