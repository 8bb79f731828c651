import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import t from 'tap';
import { type AdminRole, isConsolePath, NEEDED_ROLE, requireRoles } from '../../../src/admin/api/roles.ts';
import { adminOver, METRICS_TOKEN, TOKEN, tokenOf } from '../../support/admin/admin.ts';

const NUMBER = { phone: '+14045551212' };
/** A valid body for each route that takes one. */
const BODIES: Readonly<Record<string, object>> = {
  'POST /leads/search': {},
  'POST /leads/replay': { site: 'demo', dryRun: true },
  'POST /leads/release': { site: 'demo', dryRun: true },
  'POST /leads/retry': { site: 'demo', dryRun: true },
  'POST /leads/erase': NUMBER,
  'POST /suppressions': NUMBER,
  'DELETE /suppressions': NUMBER,
};
/** What is put under the key `eu-main` for the routes of entries. */
const ENTRIES: Readonly<Record<string, object>> = {
  sites: { name: 'Motors', origins: ['https://m.example'], country: 'US', targets: { advertiserIds: ['1659'] } },
  partners: { keys: [`sha256:${'1'.repeat(64)}`], sites: ['eu-main'] },
  providers: { providerId: 1002, username: 'gateway', password: 'pa55' },
};
const TOKENS: Readonly<Record<AdminRole, string>> = {
  metrics: METRICS_TOKEN,
  viewer: tokenOf('vera'),
  operator: tokenOf('olaf'),
  admin: tokenOf('ada'),
};
const ORDER: readonly AdminRole[] = ['metrics', 'viewer', 'operator', 'admin'];

/** `METHOD /path` of every route that the listener has, as fastify prints them, HEAD left out. */
function routesOf(app: FastifyInstance): string[] {
  const routes: string[] = [];
  const above: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', part = '', methods = ''] = /^([\s│]*)[├└]── (\S+)(?: \(([^)]*)\))?/.exec(line) ?? [];
    if (part === '') continue;
    const depth = indent.length / 4;
    above.length = depth;
    above.push(part);
    const path = above.join('');
    for (const method of methods.split(', ')) if (method !== '' && method !== 'HEAD') routes.push(`${method} ${path}`);
  }
  return routes;
}

t.test('every route is allowed to exactly the roles from the one that it needs on', async (t) => {
  const { app, ask, store } = adminOver(t);
  const id = await store('parked');
  // The console has sessions; test/admin/console/console.test.ts walks its pages by each role.
  const found = routesOf(await app)
    .filter((route) => !isConsolePath(route.split(' ')[1] ?? ''))
    .sort();
  const listed = Object.keys(NEEDED_ROLE);
  t.strictSame(found, listed.filter((route) => !route.includes('?')).sort());
  for (const route of listed) {
    const needed = NEEDED_ROLE[route] as AdminRole;
    const [method = '', path = ''] = route.split(' ');
    const url = path
      .replace('/leads/:id', `/leads/${id}`)
      .replace('/partners/:key/reconciliations/:date', '/partners/crm/reconciliations/2026-11-23')
      .replace(':key', 'eu-main');
    const [, kind = ''] = /^\/(\w+)(?:\/:key(?:\/history)?|\.jsonl)$/.exec(path) ?? [];
    const entry = ENTRIES[kind];
    const done = method === 'DELETE' && entry ? 204 : 200;
    for (const role of ORDER) {
      const allowed = ORDER.indexOf(role) >= ORDER.indexOf(needed);
      if (entry) await ask(`/${kind}/eu-main`, { method: 'PUT', token: TOKENS.admin, body: entry });
      const body = BODIES[route] ?? (method === 'PUT' ? entry : undefined);
      const answer = await ask(url, { method: method as 'GET', token: TOKENS[role], ...(body && { body }) });
      t.equal(answer.status, allowed ? done : 403, `${route} by ${role}`);
      if (!allowed && role !== 'metrics') {
        const name = { viewer: 'vera', operator: 'olaf', admin: 'ada' }[role];
        t.match(answer.body, {
          code: 'role_required',
          detail: `This needs the role ${needed}; ${name} has the role ${role}.`,
        });
      }
      if (method === 'GET') t.equal((await ask(url, { method: 'HEAD', token: TOKENS[role] })).status, answer.status);
    }
  }
});

t.test('what does not exist is told to every role, and to no metrics token', async (t) => {
  const { ask } = adminOver(t);
  for (const token of [TOKENS.viewer, TOKENS.operator, TOKENS.admin, TOKEN]) {
    t.equal((await ask('/none', { token })).status, 404);
    t.equal((await ask('/leads', { method: 'PUT', token })).status, 404);
    t.equal((await ask('/%', { token })).status, 404);
  }
  t.match(await ask('/none', { token: METRICS_TOKEN }), { status: 403, body: { code: 'admin_token_required' } });
});

t.test('no spelling of the query lets a viewer reveal a lead', async (t) => {
  const { ask, store, operations } = adminOver(t);
  const id = await store('parked', { firstName: 'Ann' });
  for (const query of [
    'reveal=true',
    'reveal=true&reveal=false',
    'reveal=',
    'reveal=TRUE',
    '%72eveal=true',
    'reveal=1',
  ]) {
    t.equal((await ask(`/leads/${id}?${query}`, { token: TOKENS.viewer })).status, 403, query);
  }
  t.equal((await ask(`/leads/${id}?reveal=false`, { token: TOKENS.viewer })).status, 200);
  t.strictSame((await operations.audit({ limit: 5 })).items, []);
});

t.test('the audit and the log name the operator, and whoever has ADMIN_TOKEN is admin', async (t) => {
  const { ask, store, operations, lines } = adminOver(t);
  const id = await store('parked');
  await ask(`/leads/${id}?reveal=true`, { token: tokenOf('olaf') });
  await ask(`/leads/${id}?reveal=true`, { token: TOKEN });
  await ask('/leads/release', { method: 'POST', token: tokenOf('olaf'), body: { ids: [id] } });
  await ask('/providers/eu-main/release', { method: 'POST', token: tokenOf('ada') });
  t.strictSame(
    (await operations.audit({ limit: 9 })).items.map(({ actor, action }) => [actor, action]),
    [
      ['ada', 'release'],
      ['olaf', 'release'],
      ['admin', 'reveal'],
      ['olaf', 'reveal'],
    ],
  );
  t.strictSame(
    lines.map((line) => JSON.parse(line).operator),
    ['olaf', 'admin', 'olaf', 'ada'],
  );
});

t.test('a route without a role cannot be registered', async (t) => {
  const app = Fastify();
  requireRoles(app);
  t.throws(() => app.get('/secrets', async () => 'x'), /GET \/secrets has no role/);
});
