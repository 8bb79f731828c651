import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The failure of a message whose receiver has an address that is not public. */
export const PRIVATE_ADDRESS = 'private_address';

/** The receiver's address is loopback, private, link-local or otherwise not public. Nothing was connected. */
export class PrivateAddress extends Error {
  readonly code = PRIVATE_ADDRESS;

  constructor() {
    super('The address is not public, and the configuration does not allow its host by name.');
    this.name = 'PrivateAddress';
  }
}

/** Whether an address is on the public internet: not loopback, private, link-local, reserved or a tunnel to such an address. */
export function isPublicAddress(address: string): boolean {
  // A zone (`fe80::1%eth0`) belongs to link-local addresses.
  if (!ipaddr.isValid(address) || address.includes('%')) return false;
  return ipaddr.process(address).range() === 'unicast';
}

/** The name of a URL's host as the configuration lists it: an IPv6 address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * Refuses a host that is written as an address and is not public. Names are checked when they are resolved.
 *
 * @param allowed whether the configuration allows this host to have any address
 * @throws PrivateAddress
 */
export function requirePublicHost(host: string, allowed: (host: string) => boolean): void {
  if (isIP(host) !== 0 && !allowed(host) && !isPublicAddress(host)) throw new PrivateAddress();
}

/**
 * Resolves names for connections, and fails with `PrivateAddress` if any address of a name is not public. The addresses that it
 * gives are those that are connected to, so a name cannot have other ones a moment later.
 */
export function guardedLookup(
  allowed: (host: string) => boolean,
  lookup: LookupFunction = systemLookup as LookupFunction,
): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      const addresses = typeof found === 'string' ? [] : found;
      const [first] = addresses;
      if (error || !first) return callback(error ?? new Error('The name has no address.'), '');
      if (!allowed(host) && !addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new PrivateAddress(), '');
      }
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
