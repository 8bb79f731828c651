import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { Address6 } from 'ip-address';
import type { Network } from '../../leads/request-keys.ts';

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
