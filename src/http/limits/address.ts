import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Address6 } from 'ip-address';
import type { Logger } from 'pino';
import type { Network } from '../../leads/hashing.ts';

/** Bits of an IPv6 address that are one customer's network. */
const IPV6_PREFIX = 64;

/**
 * Gives a test for addresses of trusted proxies. Only the entries that these append to `X-Forwarded-For` are used, so that a
 * forged entry further left never counts.
 *
 * @param blocks CIDR blocks or single addresses, valid (the settings were checked)
 */
export function createProxyTest(blocks: readonly string[]): (address: string) => boolean {
  const proxies = new BlockList();
  for (const block of blocks) {
    const [network = '', prefix] = block.split('/');
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) proxies.addAddress(network, family);
    else proxies.addSubnet(network, Number(prefix), family);
  }
  return (address) => {
    const bare = withoutPort(address);
    return isIP(bare) !== 0 && proxies.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4');
  };
}

/**
 * The key under which an address is counted: an IPv4 address (also when it is written as IPv6), or the /64 of an IPv6 one.
 *
 * @param claimed the address that the proxies report; some append the port, and a client may have sent an invalid text
 * @param socket the peer's own address, used when the claim is no address
 */
export function addressKey(claimed: string, socket: string): string {
  const bare = withoutPort(claimed);
  const address = isIP(bare) ? bare : socket;
  if (!isIPv6(address)) return address;
  const parsed = new Address6(address);
  return (parsed.isMapped4() ? parsed.to4() : new Address6(`${address}/${IPV6_PREFIX}`).startAddress()).correctForm();
}

/**
 * The networks above an address: one customer of a provider may have a whole IPv6 /56 or /48 (RFC 6177), and one small
 * organisation an IPv4 /24.
 *
 * @param key of an address, as `addressKey` gives it
 * @returns nearest first; none for a key that is no address
 */
export function networksAbove(key: string): readonly Network[] {
  if (isIPv4(key)) return [{ prefix: 24, name: `${key.slice(0, key.lastIndexOf('.'))}.0/24` }];
  if (!isIPv6(key)) return [];
  return ([56, 48] as const).map((prefix) => ({
    prefix,
    name: `${new Address6(`${key}/${prefix}`).startAddress().correctForm()}/${prefix}`,
  }));
}

function withoutPort(address: string): string {
  const trimmed = address.trim();
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(trimmed)?.[1];
  if (bracketed !== undefined) return bracketed;
  const beforePort = /^([^:]*):\d{1,5}$/.exec(trimmed)?.[1];
  return beforePort !== undefined && isIPv4(beforePort) ? beforePort : trimmed;
}

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
/** The values that distinguish visitors are cut to this length, because visitors choose them. */
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

/** Whether an address is private or of this machine. A proxy may report a text that is no address. */
function isNearby(address: string): boolean {
  return isIP(address) !== 0 && NEARBY.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
