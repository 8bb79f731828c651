/** A page as tokens and proofs know it: its origin, or `self` for one that lies on the gateway's own host. */
export type PageIdentity = string;

/**
 * Whose page a request comes from. Browsers leave `Origin` out of a GET to the page's own host and send it with a POST there,
 * so the two have to be the same page; a client that is no browser and sends none is then the same as itself.
 *
 * @param host of the request, with its port where it has one
 */
export function pageOf(origin: string | undefined, host: string): PageIdentity {
  return origin === undefined || URL.parse(origin)?.host === host ? 'self' : origin;
}
