import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyError, FastifyInstance } from 'fastify';
import { escapeHtml } from '../../lib/text.ts';
import { contentPolicy, OWN_FILES } from '../answers.ts';
import { PROBLEMS, Problem, type ProblemCode } from '../problems.ts';
import { CHANGES_PATH } from '../versions.ts';
import { FRESH_FOR_S } from './files.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where @fastify/helmet puts the route option `helmet` and reads it. */
    helmet?: FastifyHelmetOptions;
  }
}

const PAGE_HEADERS: FastifyHelmetOptions = { contentSecurityPolicy: contentPolicy(OWN_FILES) };

const CHANGES_FILE = join(import.meta.dirname, '../../../docs/api-changelog.md');

/** What the plugin that reads the reference's files refuses: a path out of their folder, a wrong escape, a condition. */
const FILE_PROBLEMS: Readonly<Record<number, ProblemCode>> = {
  400: 'not_found',
  403: 'not_found',
  404: 'not_found',
  412: 'precondition_failed',
  416: 'range_not_satisfiable',
};

/** `GET /openapi.json`, the contract; `GET /docs`, the reference made of it; and `GET /`, a page that says where these are. */
export async function docsRoutes(app: FastifyInstance): Promise<void> {
  app.get('/', { schema: { hide: true }, helmet: PAGE_HEADERS }, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', `public, max-age=${FRESH_FOR_S}`)
      .send(homePage(app.hasRoute({ method: 'GET', url: '/demo' }))),
  );

  let document: string | undefined;
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply
      .type('application/json; charset=utf-8')
      .header('cache-control', `public, max-age=${FRESH_FOR_S}`)
      .send(document);
  });

  app.get(CHANGES_PATH, { schema: { hide: true } }, async (_request, reply) =>
    reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', `public, max-age=${FRESH_FOR_S}`)
      .send(await readFile(CHANGES_FILE)),
  );

  app.get('/docs/problems', { schema: { hide: true }, helmet: PAGE_HEADERS }, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', `public, max-age=${FRESH_FOR_S}`)
      .send(problemsPage()),
  );

  // An error that is thrown here goes on to the handler of the whole app.
  app.setErrorHandler((error: FastifyError) => {
    const code = FILE_PROBLEMS[error.statusCode ?? 500];
    throw code === undefined ? error : new Problem(code);
  });

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

/** The page that each problem's `type` points into: every code with its status, meaning and remedy. */
export function problemsPage(): string {
  const entries = Object.entries(PROBLEMS).map(
    ([code, { status, title, remedy }]) => `
      <section id="${code}">
        <h2><code>${code}</code> <span>${status}</span></h2>
        <p><strong>${escapeHtml(title)}.</strong> ${escapeHtml(remedy)}</p>
      </section>`,
  );
  return page(
    'Problems · Text Connect Gateway',
    `<p><a href="/docs">API reference</a></p>
      <h1>Problems</h1>
      <p>Every error answer is <code>application/problem+json</code> (RFC 9457) with one of these codes in <code>code</code>.</p>
      ${entries.join('')}`,
  );
}

/** The page at the root: what this service is, and where its reference lies. */
function homePage(demo: boolean): string {
  return page(
    'Text Connect Gateway',
    `<h1>Text Connect Gateway</h1>
      <p>This service takes the leads of “Text us” buttons and of partners' back ends, keeps them safe and delivers them.</p>
      <ul>
        <li><a href="/docs">API reference</a></li>
        <li><a href="/openapi.json">OpenAPI document</a></li>
        <li><a href="/docs/problems">Codes of error answers</a></li>
        <li><a href="${CHANGES_PATH}">Changes of the API</a></li>
        ${demo ? '<li><a href="/demo">Demo page with the button</a></li>' : ''}
      </ul>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <link rel="icon" type="image/svg+xml" href="/docs/static/theme/icon.svg">
    <link rel="stylesheet" href="/docs/static/theme/reference.css">
  </head>
  <body class="prose">
    <main>
      ${content}
    </main>
  </body>
</html>
`;
}

/** How the reference looks: one style sheet for Swagger UI's page and our own pages. */
export const REFERENCE_CSS = `
:root { color-scheme: light; --ink: #1b2733; --soft: #5b6b7b; --line: #dde4ea; --accent: #0b6e69; }
body { margin: 0; background: #fff; color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
.swagger-ui, .swagger-ui .info .title, .swagger-ui .opblock-tag, .swagger-ui .opblock .opblock-summary-description,
.swagger-ui table thead tr th, .swagger-ui .opblock-description-wrapper p, .swagger-ui .tab li, .swagger-ui .btn,
.swagger-ui .response-col_status, .swagger-ui .info p, .swagger-ui section.models h4 { font-family: system-ui, sans-serif; }
.swagger-ui .wrapper { max-width: 1080px; }
.swagger-ui .info { margin: 40px 0 24px; }
.swagger-ui .scheme-container { box-shadow: none; border-block: 1px solid var(--line); padding: 16px 0; }
.prose main { max-width: 46rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
.prose a { color: var(--accent); }
.prose section { border-top: 1px solid var(--line); padding: .5rem 0; }
.prose section:target { background: #eef7f6; box-shadow: 0 0 0 .75rem #eef7f6; }
.prose h2 { font-size: 1.05rem; margin: .75rem 0 0; }
.prose h2 span { color: var(--soft); font-weight: 400; }
.prose p { margin: .35rem 0 .75rem; }
`;

export const ICON_SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0b6e69" d="M6 4h20a3 3 0 0 1 3 3v13a3 3 0 0 1-3 3H15l-7 6v-6H6a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z"/><path fill="#fff" d="M9 10h14v2.4H9zm0 5h9v2.4H9z"/></svg>';
