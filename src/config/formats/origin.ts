import type { Mistake } from '../problem.ts';

const RULE = 'use an origin such as https://dealer.example, or "*" alone';

/**
 * An origin exactly as a browser serialises it in the `Origin` header (RFC 6454, section 6.2), or `*`: admission compares
 * strings, so another spelling of the same origin would let nobody in.
 */
export function checkOrigin(text: string): Mistake | undefined {
  if (text === '*') return undefined;
  if (text.includes('*')) {
    return { problem: 'is a pattern, and origins are compared exactly', fix: 'list the origin of each host' };
  }
  const origin = originOf(text);
  if (origin === undefined) {
    const bare = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? undefined : originOf(`https://${text}`);
    return { problem: 'is not an http or https origin', fix: bare === undefined ? RULE : `write ${bare}` };
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
