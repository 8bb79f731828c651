import type { FastifyHelmetOptions } from '@fastify/helmet';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { problemsPage } from '../docs/problems-page.ts';
import { ICON_SVG, REFERENCE_CSS } from '../docs/theme.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where @fastify/helmet puts the route option `helmet` and reads it. */
    helmet?: FastifyHelmetOptions;
  }
}

/** Everything from this host and nothing inline. Swagger UI draws its arrows as `data:` images. */
const PAGE_HEADERS: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
};

const FRESH_FOR_S = 300;

/** `GET /openapi.json`, the contract, and `GET /docs`, the reference made of it. */
export async function docsRoutes(app: FastifyInstance): Promise<void> {
  let document: string | undefined;
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply
      .type('application/json; charset=utf-8')
      .header('cache-control', `public, max-age=${FRESH_FOR_S}`)
      .send(document);
  });

  app.get('/docs/problems', { schema: { hide: true }, helmet: PAGE_HEADERS }, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', `public, max-age=${FRESH_FOR_S}`)
      .send(problemsPage()),
  );

  // Swagger UI takes no options for its routes.
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, helmet: PAGE_HEADERS };
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: {
      title: 'API reference · Text Connect Gateway',
      css: [{ filename: 'reference.css', content: REFERENCE_CSS }],
      favicon: [{ filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: ICON_SVG }],
    },
    uiConfig: {
      layout: 'BaseLayout',
      deepLinking: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      displayRequestDuration: true,
    },
  });
}
