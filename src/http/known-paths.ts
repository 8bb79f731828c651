import type { FastifyInstance } from 'fastify';

/** Methods that a path takes; empty for a path that does not exist. */
export type KnownPaths = (url: string) => string[];

/**
 * Remembers every route that is added from now on, so that a wrong method on a right path can be told from a wrong path.
 * Fastify's router only says that nothing matched.
 */
export function knownPaths(app: FastifyInstance): KnownPaths {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    // The catch-all of preflights is no path of ours.
    if (url !== '*') routes.push({ path: toRegExp(url), methods: [method].flat() });
  });
  return (url) => {
    const [path = ''] = url.split('?', 1);
    const methods = routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods);
    return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])].sort();
  };
}

function toRegExp(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:\w+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}$`);
}
