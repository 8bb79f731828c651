import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { Mistake } from '../problem.ts';

const CIDR_RULE = 'use CIDR blocks such as 10.0.0.0/8,2001:db8::/32';

/** Shortest prefix length by IP version. A wider block would contain foreign hosts, which could forge any visitor's address. */
const WIDEST = { 4: 8, 6: 7 } as const;

/** Checks one block of `TRUST_PROXY`. An address without a prefix means that address alone. */
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

/** The block of a valid entry: `10.0.0.7` is `10.0.0.7/32`. */
export function toCidr(text: string): string {
  if (text.includes('/')) return text;
  return isIP(text) === 6 ? `${text}/128` : `${text}/32`;
}

/** Checks an address or host name to listen on, without port and brackets. */
export function checkHost(text: string): Mistake | undefined {
  if (isIP(text) !== 0) return undefined;
  const name = /^(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i.test(text) && !/^[\d.]+$/.test(text);
  if (name) return undefined;
  return {
    problem: 'is neither an IP address nor a host name',
    fix: 'use an address to listen on, such as 127.0.0.1, 0.0.0.0 or ::, without scheme, port or brackets',
  };
}

const ORIGIN_RULE = 'use an origin such as https://dealer.example, or "*" alone';

/**
 * An origin exactly as a browser serialises it in the `Origin` header (RFC 6454, section 6.2), or `*`: admission compares
 * strings, so another spelling of the same origin would match no page.
 */
export function checkOrigin(text: string): Mistake | undefined {
  if (text === '*') return undefined;
  if (text.includes('*')) {
    return { problem: 'is a pattern, and origins are compared exactly', fix: 'list the origin of each host' };
  }
  const origin = originOf(text);
  if (origin === undefined) {
    const bare = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? undefined : originOf(`https://${text}`);
    return { problem: 'is not an http or https origin', fix: bare === undefined ? ORIGIN_RULE : `write ${bare}` };
  }
  if (origin === text) return undefined;
  return {
    problem: 'is not spelt as browsers send it: no path, no trailing slash, lower case, no default port',
    fix: `write ${origin}`,
  };
}

function originOf(text: string): string | undefined {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}

const ENDPOINT_RULE = 'use an absolute URL such as https://services.example/path';

/** Checks the address of a provider. Requests carry credentials in the body, so only loopback addresses may use http. */
export function checkEndpoint(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (!url || /\s/.test(text)) return { problem: 'is not an absolute URL', fix: ENDPOINT_RULE };
  if (!/^https?:$/.test(url.protocol)) return { problem: 'is neither https nor http', fix: ENDPOINT_RULE };
  if (url.username !== '' || url.password !== '') {
    return {
      problem: 'contains a user name or password',
      fix: 'take them out of the URL; the account has settings of its own for them',
    };
  }
  if (url.hash !== '') return { problem: 'contains a fragment', fix: 'leave out everything from # on' };
  if (url.protocol === 'http:' && !isLoopback(url)) {
    return {
      problem: 'would send the credentials in clear text',
      fix: 'use https; http is for loopback addresses only (127.0.0.0/8, [::1], localhost)',
    };
  }
  return undefined;
}

/** Checks the address of a collector of traces, which carry no personal data and no credentials of the provider. */
export function checkCollector(text: string): Mistake | undefined {
  const url = URL.parse(text);
  const fix = 'use an http or https URL such as http://collector.example:4318';
  if (!url || /\s/.test(text) || !/^https?:$/.test(url.protocol))
    return { problem: 'is not an http or https URL', fix };
  if (url.username !== '' || url.password !== '') {
    return { problem: 'contains a user name or password', fix: 'use OTEL_EXPORTER_OTLP_HEADERS for them' };
  }
  if (url.search !== '' || url.hash !== '') return { problem: 'contains a query or a fragment', fix };
  return undefined;
}

/** Whether a host as a setting writes it, an IPv6 address without brackets, is a loopback address. */
export function isLoopbackHost(host: string): boolean {
  const url = URL.parse(`http://${isIPv6(host) ? `[${host}]` : host}`);
  return url !== null && isLoopback(url);
}

/** Whether the URL's host is this machine: 127.0.0.0/8, `[::1]` or `localhost`, decided without asking DNS. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
