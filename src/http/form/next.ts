import type { Site } from '../../domain/site.ts';

export type FormOutcome = 'delivered' | 'received';

/**
 * Where a form's visitor goes when the lead is stored: a page on one of the site's own origins, told the outcome as `text-us`.
 * `undefined` for anything else: a lead is worth more than a redirect, so that the visitor gets our own page then.
 *
 * A site that any page may use has no origins of its own; there it is the origin of the page itself.
 *
 * @param origin of the page that the form is on, which was admitted
 */
export function nextPage(
  next: string | undefined,
  site: Pick<Site, 'origins'>,
  origin: string | undefined,
  outcome: FormOutcome,
): string | undefined {
  if (next === undefined) return undefined;
  const url = URL.parse(next, origin === 'null' ? undefined : origin);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  const own = site.origins === '*' ? url.origin === origin : site.origins.has(url.origin);
  if (!own) return undefined;
  url.searchParams.set('text-us', outcome);
  return url.href;
}
