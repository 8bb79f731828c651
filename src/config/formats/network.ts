import { isIP } from 'node:net';
import type { Mistake } from '../problem.ts';

const CIDR_RULE = 'use CIDR blocks such as 10.0.0.0/8,2001:db8::/32';

/** The widest block that may be trusted: wider ones hold strangers, and a stranger could forge any visitor's address. */
const WIDEST = { 4: 8, 6: 7 } as const;

/** One block of `TRUST_PROXY`. A bare address stands for itself alone. */
export function checkCidr(text: string): Mistake | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if ((version !== 4 && version !== 6) || address.includes('%') || rest.length > 0) {
    return { problem: 'is not a CIDR block', fix: CIDR_RULE };
  }
  if (/^::ffff:/i.test(address)) {
    return { problem: 'is an IPv4 address written as IPv6', fix: 'write it as IPv4, such as 10.0.0.0/8' };
  }
  if (prefix === undefined) return undefined;
  const longest = version === 4 ? 32 : 128;
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > longest) {
    return { problem: `has no prefix length from ${WIDEST[version]} to ${longest}`, fix: CIDR_RULE };
  }
  if (Number(prefix) >= WIDEST[version]) return undefined;
  return {
    problem: 'trusts strangers to say where a request came from',
    fix: `list the addresses of your own proxies, with a prefix of /${WIDEST[version]} or longer`,
  };
}

/** The block that a sound entry means: `10.0.0.7` is `10.0.0.7/32`. */
export function toCidr(text: string): string {
  if (text.includes('/')) return text;
  return isIP(text) === 6 ? `${text}/128` : `${text}/32`;
}

/** An address or host name to listen on, without port and brackets. */
export function checkHost(text: string): Mistake | undefined {
  if (isIP(text) !== 0) return undefined;
  const name = /^(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i.test(text) && !/^[\d.]+$/.test(text);
  if (name) return undefined;
  return {
    problem: 'is neither an IP address nor a host name',
    fix: 'use an address to listen on, such as 127.0.0.1, 0.0.0.0 or ::, without scheme, port or brackets',
  };
}
