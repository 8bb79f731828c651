import { isIPv4, isIPv6 } from 'node:net';
import type { Mistake } from '../problem.ts';

const RULE = 'use an absolute URL such as https://services.example/path';

/** An address that a provider is called at. Credentials travel in the body, so anything but loopback needs https. */
export function checkEndpoint(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (!url || /\s/.test(text)) return { problem: 'is not an absolute URL', fix: RULE };
  if (!/^https?:$/.test(url.protocol)) return { problem: 'is neither https nor http', fix: RULE };
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

/** Whether a host as a setting writes it, an IPv6 address without brackets, is a loopback address. */
export function isLoopbackHost(host: string): boolean {
  const url = URL.parse(`http://${isIPv6(host) ? `[${host}]` : host}`);
  return url !== null && isLoopback(url);
}

/** Whether the URL's host is this machine: 127.0.0.0/8, `[::1]` or `localhost`, decided without asking DNS. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
