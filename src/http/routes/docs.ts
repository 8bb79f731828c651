import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { problemsPage } from '../docs/problems-page.ts';
import { ICON_SVG, REFERENCE_CSS } from '../docs/theme.ts';

/** Everything from this host and nothing inline. Swagger UI draws its arrows as `data:` images. */
const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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

  app.get('/docs/problems', { schema: { hide: true } }, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .headers({ 'content-security-policy': PAGE_CSP, 'cache-control': `public, max-age=${FRESH_FOR_S}` })
      .send(problemsPage()),
  );

  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_CSP,
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
