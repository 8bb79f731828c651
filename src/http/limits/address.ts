import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Address6 } from 'ip-address';
import type { Logger } from 'pino';
import type { Network } from '../../leads/request-identity.ts';

/** Bits of an IPv6 address that are one customer's network. */
const IPV6_PREFIX = 64;

/**
 * Which addresses are our own proxies: only what they append to `X-Forwarded-For` is believed, so that a forged entry
 * further left never counts.
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
 * @param claimed what the proxies say; some of them append the port, and a client may have sent them garbage
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

const WARNING =
  'X-Forwarded-For came from a private or loopback address that TRUST_PROXY does not list; if that is your proxy, list it: until then all its visitors are counted as one';

/**
 * Logs one warning, once in the life of the process, when a private or loopback address that is not in `TRUST_PROXY` sends
 * `X-Forwarded-For`. It is most likely a proxy that the setting lacks, and then all its visitors are counted as one and share
 * one limit.
 */
export function warnOfUntrustedProxy(app: FastifyInstance, logger: Logger): void {
  let warned = false;
  app.addHook('onRequest', (request, _reply, done) => {
    if (!warned && hasIgnoredEntry(request) && isNearby(request.ip)) {
      warned = true;
      logger.warn({ event: 'proxy_not_trusted' }, WARNING);
    }
    done();
  });
}

/** Whether `X-Forwarded-For` says more than was believed: an entry left of the address that the request is counted under. */
function hasIgnoredEntry(request: FastifyRequest): boolean {
  const header = request.headers['x-forwarded-for'];
  // A connection that was reset has no address any more, which no list of proxies can be asked about.
  if (header === undefined || request.socket.remoteAddress === undefined) return false;
  const entries = String(header)
    .split(',')
    .filter((entry) => entry.trim() !== '').length;
  // `ips` begins with the socket's own address and ends with the first one that is not trusted.
  return entries + 1 > (request.ips?.length ?? 1);
}

/** What a proxy claims may be no address at all. */
function isNearby(address: string): boolean {
  return isIP(address) !== 0 && NEARBY.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
