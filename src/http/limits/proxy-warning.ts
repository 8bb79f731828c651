import { BlockList, isIP, isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/** Addresses of this machine and of private networks: loopback, RFC 1918, link-local, shared (RFC 6598) and unique local. */
const NEARBY = new BlockList();
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  NEARBY.addSubnet(network, prefix, 'ipv4');
}
NEARBY.addAddress('::1', 'ipv6');
NEARBY.addSubnet('fc00::', 7, 'ipv6');
NEARBY.addSubnet('fe80::', 10, 'ipv6');

/** So many different visitors behind one address are more than one person with several browsers. */
const VISITORS_OF_A_PROXY = 10;
/** Addresses that are watched at a time. The oldest one is given up for a new one. */
const WATCHED = 100;
/** What tells visitors apart is cut to this length, because they choose it. */
const SIGN_LENGTH = 120;

const COUNTED_AS_ONE = 'until then all its visitors are counted as one and share one limit';
const WARNINGS = {
  header: `X-Forwarded-For came from a private or loopback address that TRUST_PROXY does not list; if that is your proxy, list it: ${COUNTED_AS_ONE}`,
  many: `one address sent X-Forwarded-For for many different visitors, and TRUST_PROXY does not list it; if that is your proxy, list it: ${COUNTED_AS_ONE}`,
  silent: `many different visitors come from one private or loopback address without X-Forwarded-For; if that is your proxy, let it send that header and list it in TRUST_PROXY: ${COUNTED_AS_ONE}`,
};

/**
 * Logs one warning, once in the life of the process, when an address looks like a proxy that `TRUST_PROXY` lacks, so that all
 * its visitors share one limit: a private or loopback address that sends `X-Forwarded-For`, any address that sends it for many
 * visitors, and a private or loopback address from which many different browsers come without the header.
 */
export function warnOfUntrustedProxy(app: FastifyInstance, logger: Logger): void {
  let warned = false;
  const signs = new Map<string, Set<string>>();

  const isManieth = (address: string, sign: string): boolean => {
    const seen = signs.get(address) ?? new Set();
    if (seen.size === 0 && signs.size >= WATCHED) signs.delete(signs.keys().next().value ?? '');
    signs.set(address, seen.add(sign.slice(0, SIGN_LENGTH)));
    return seen.size >= VISITORS_OF_A_PROXY;
  };
  const find = (request: FastifyRequest): keyof typeof WARNINGS | undefined => {
    const claim = ignoredClaim(request);
    const near = isNearby(request.ip);
    if (claim !== undefined) return near ? 'header' : isManieth(request.ip, claim) ? 'many' : undefined;
    if (!near || request.headers['x-forwarded-for'] !== undefined) return undefined;
    const browser = request.headers.origin === undefined ? undefined : request.headers['user-agent'];
    return browser !== undefined && isManieth(request.ip, browser) ? 'silent' : undefined;
  };

  app.addHook('onRequest', (request, _reply, done) => {
    const found = warned ? undefined : find(request);
    if (found !== undefined) {
      warned = true;
      signs.clear();
      logger.warn({ event: 'proxy_not_trusted' }, WARNINGS[found]);
    }
    done();
  });
}

/** The entry of `X-Forwarded-For` that was not believed: the one left of the address that the request is counted under. */
function ignoredClaim({ headers, ips, socket }: FastifyRequest): string | undefined {
  const header = headers['x-forwarded-for'];
  // A connection that was reset has no address any more, which no list of proxies can be asked about.
  if (header === undefined || socket.remoteAddress === undefined) return undefined;
  const entries = String(header)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  // `ips` begins with the socket's own address and ends with the first one that is not trusted.
  return entries.at(-(ips?.length ?? 1));
}

/** What a proxy claims may be no address at all. */
function isNearby(address: string): boolean {
  return isIP(address) !== 0 && NEARBY.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
