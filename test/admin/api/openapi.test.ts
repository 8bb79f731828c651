import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { adminOpenApiText } from '../../../scripts/admin-document.ts';
import { NEEDED_ROLE } from '../../../src/admin/api/roles.ts';
import { adminOver, CRM, tokenOf } from '../../support/admin/admin.ts';
import { lead } from '../../support/lead.ts';
import { queued } from '../../support/outbox.ts';

const FILE = 'openapi/admin.json';
const committed = await readFile(FILE, 'utf8');
const document = JSON.parse(committed);

type Operation = {
  readonly operationId: string;
  readonly 'x-role': string;
  readonly responses: Readonly<Record<string, { description: string; content?: Record<string, { schema: object }> }>>;
};
const operations = new Map<string, Operation>(
  Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
      operation,
    ]),
  ),
);

t.test(
  'the committed document is equal to the one generated from the routes, and the linter finds nothing',
  async (t) => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    t.equal(committed, await adminOpenApiText(version), 'else run "npm run openapi" and commit it');
    const config = await createConfig({ extends: ['recommended'] });
    const findings = await lintFromString({ source: committed, absoluteRef: FILE, config });
    t.strictSame(
      findings.map(({ ruleId, message }) => `${ruleId}: ${message}`),
      [],
    );
  },
);

t.test('every route of the admin API is in the document with its role, and no page of the console', async (t) => {
  const routes = Object.entries(NEEDED_ROLE).filter(([name]) => !name.includes('?'));
  t.strictSame([...operations].map(([name, operation]) => [name, operation['x-role']]).sort(), routes.sort());
  const ids = [...operations.values()].map(({ operationId }) => operationId);
  t.equal(new Set(ids).size, ids.length);
});

t.test('it is served to operators alone, and its reference behind the log-in of the console', async (t) => {
  const { ask, app } = adminOver(t, { open: { name: 'demo', role: 'admin' } });
  const served = await ask('/openapi.json', { token: tokenOf('vera') });
  t.strictSame({ ...served.body, info: document.info }, document);
  t.equal((await ask('/openapi.json', { token: null })).status, 401);
  const listener = await app;
  const open = { host: '127.0.0.1' };
  const page = await listener.inject({ url: '/console/reference', headers: open });
  t.match([page.statusCode, page.headers['content-type']], [200, /^text\/html/]);
  t.match(page.headers['content-security-policy'], /script-src 'self'; img-src 'self' data:/);
  const json = await listener.inject({ url: '/console/reference/openapi.json', headers: open });
  t.strictSame(json.json().paths, document.paths);
  const closed = await adminOver(t).app;
  for (const url of [
    '/console/reference',
    '/console/reference/openapi.json',
    '/console/reference/swagger-ui-bundle.js',
  ])
    t.match(
      [(await closed.inject(url)).statusCode, (await closed.inject(url)).headers.location],
      [303, '/console/login'],
      url,
    );
});

t.test('answers have the shape that the document says', async (t) => {
  const { ask, store, outbox } = adminOver(t);
  const id = await store('parked', { firstName: 'Ann', consent: { text: 'yes' } });
  await store('rejected');
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'document');
  const site = { name: 'North', origins: ['https://north.example'], country: 'US', targets: { advertiserIds: '*' } };
  for (const [name, url, body, token] of [
    ['GET /leads', '/leads'],
    ['POST /leads/search', '/leads/search', { phone: '+1 404 555 1212' }],
    ['GET /leads/:id', `/leads/${id}`],
    ['GET /leads/:id', `/leads/${id}?reveal=true`],
    ['POST /leads/release', '/leads/release', { ids: [id] }],
    ['POST /suppressions', '/suppressions', { phone: '+1 404 555 1213' }],
    ['GET /suppressions', '/suppressions'],
    ['DELETE /suppressions', '/suppressions', { phone: '+1 404 555 1213' }],
    ['GET /consents', '/consents'],
    ['GET /stats', '/stats'],
    ['GET /stats', '/stats?by=status,site'],
    ['GET /stats/waiting', '/stats/waiting'],
    ['GET /audit', '/audit'],
    ['GET /state', '/state'],
    ['POST /providers/:key/release', '/providers/eu-main/release', {}],
    ['PUT /sites/:key', '/sites/north', site],
    ['GET /sites', '/sites'],
    ['GET /sites/:key', '/sites/north'],
    ['GET /sites/:key/history', '/sites/north/history'],
    ['POST /leads/erase', '/leads/erase', { phone: '+1 404 555 1212' }],
    ['GET /leads', '/leads', undefined, 'wrong'],
    ['GET /audit', '/audit', undefined, tokenOf('vera')],
    ['GET /leads', '/leads?phone=1'],
    ['GET /leads/:id', '/leads/cnv_none'],
    ['PUT /sites/:key', '/sites/north', { name: 'North' }],
  ] as const) {
    const method = name.split(' ')[0] as 'GET' | 'POST' | 'PUT' | 'DELETE';
    const answer = await ask(url, { method, body, ...(token !== undefined && { token }) });
    const operation = operations.get(name);
    const content = operation?.responses[answer.status]?.content ?? {};
    const [type = ''] = Object.keys(content);
    t.ok(answer.type.startsWith(type) && type !== '', `${method} ${url} answers ${answer.status} as documented`);
    const schema = JSON.parse(JSON.stringify(content[type]?.schema).replaceAll('"#/', '"document#/'));
    t.ok(ajv.validate(schema, answer.body), `${method} ${url}: ${ajv.errorsText()}`);
    if (answer.status >= 400) {
      t.match(operation?.responses[answer.status]?.description, `\`${answer.body.code}\``, `${method} ${url}`);
    }
  }
  t.ok(await outbox.count({}));
});

t.test('an operator gets the file of a partner, signed for each of its keys', async (t) => {
  const { ask, outbox } = adminOver(t);
  await queued(outbox, Date.UTC(2026, 10, 23, 12), { lead: lead({ partner: 'crm', reference: 'order-1' }) });
  const { status, type, text } = await ask('/partners/crm/reconciliations/2026-11-23', { token: tokenOf('vera') });
  t.match([status, type], [200, 'application/x-ndjson']);
  const [line = '', last = ''] = text.split('\n');
  t.match(JSON.parse(line), { reference: 'order-1', outcome: 'queued', certainty: 'open' });
  const signatures = CRM.keyHashes.map((key) => `v1,${createHmac('sha256', key).update(`${line}\n`).digest('base64')}`);
  t.strictSame(JSON.parse(last), { leads: 1, signatures });
  t.match(
    (await ask('/partners/crm/reconciliations/2026-11-23?format=csv')).text,
    /^"reference","id".*\r\n(?:.*\r\n)+"","signature","v1,/,
  );
  for (const [path, expected] of [
    ['/partners/other/reconciliations/2026-11-23', 404],
    ['/partners/crm/reconciliations/2026-02-30', 422],
    ['/partners/crm/reconciliations/2026-12-01', 422],
    ['/partners/crm/reconciliations/2026-11-23?format=xml', 422],
  ] as const)
    t.equal((await ask(path)).status, expected, path);
});
