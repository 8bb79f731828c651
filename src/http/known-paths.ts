import type { FastifyInstance } from 'fastify';

/** Methods that a path takes; empty for a path that does not exist. */
export type KnownPaths = (url: string) => string[];

/**
 * Remembers every route that is added from now on, to distinguish a wrong method on a known path from an unknown path.
 * Fastify's router only says that nothing matched.
 */
export function knownPaths(app: FastifyInstance): KnownPaths {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    // The catch-all route of preflights is not a path of the API.
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
