import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { AdminProblem } from '../api/problem.ts';
import { BASE } from './layout.ts';

/** Everything from this host and nothing inline. Swagger UI draws its arrows as `data:` images. */
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const PATH = `${BASE}/reference`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Reference of the admin API · Text Connect Gateway</title>
<link rel="icon" type="image/svg+xml" href="${BASE}/assets/icon.svg">
<link rel="stylesheet" href="${PATH}/swagger-ui.css">
<script src="${PATH}/swagger-ui-bundle.js" defer></script>
<script src="${PATH}/start.js" defer></script>
</head>
<body><div id="reference"></div></body>
</html>
`;

const START = `SwaggerUIBundle(${JSON.stringify({
  dom_id: '#reference',
  url: `${PATH}/openapi.json`,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null,
})});\n`;

/** A map, because in a plain object a path such as `__proto__` would find what no file is. */
const FILES: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
]);

/**
 * `GET /console/reference`: the reference of the admin API, made of its OpenAPI document with the files of Swagger UI (ADR 4), behind
 * the log-in of the console. Its requests need a token, as any others: a session opens pages only.
 *
 * The plugin that serves the public reference registers some thirty routes and reads files at each start. Few operators open this page.
 */
export function referencePages(app: FastifyInstance): void {
  app.get('/reference', async (_request, reply) =>
    reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(PAGE),
  );
  app.get('/reference/openapi.json', () => app.adminDocument());
  app.get<{ Params: { name: string } }>('/reference/:name', async ({ params: { name } }, reply) => {
    reply.header('cache-control', 'private, max-age=300');
    if (name === 'start.js') return reply.type('text/javascript; charset=utf-8').send(START);
    const type = FILES.get(name);
    if (type === undefined) throw new AdminProblem(404, 'not_found', 'There is no such file.');
    return reply.type(type).send(await readFile(join(swaggerUi(), name)));
  });
}

function swaggerUi(): string {
  return join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json')), 'static');
}
