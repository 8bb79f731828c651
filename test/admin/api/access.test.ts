import t from 'tap';
import { createAccess } from '../../../src/admin/api/access.ts';
import { AdminProblem } from '../../../src/admin/api/problem.ts';
import { adminOver, METRICS_TOKEN } from '../support/admin.ts';

const ADMIN = 'a'.repeat(32);
const METRICS = 'm'.repeat(32);

const PATHS = [
  '/leads',
  '/leads/cnv_x',
  '/stats',
  '/audit',
  '/state',
  '/consents',
  '/suppressions',
  '/metrics',
  '/none',
];

function createHarness() {
  let now = 0;
  const access = createAccess({ admin: ADMIN, metrics: METRICS }, () => now);
  return {
    pass: (ms: number) => {
      now += ms;
    },
    /** Gives the access that a token grants, or the status of the refusal. */
    ask(token?: string, ip = '192.0.2.1') {
      try {
        return access({ ip, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
      } catch (error) {
        if (error instanceof AdminProblem) return error.status;
        throw error;
      }
    },
  };
}

t.test('each token grants its own access', async (t) => {
  const { ask } = createHarness();
  t.equal(ask(ADMIN), 'admin');
  t.equal(ask(METRICS), 'metrics');
});

t.test('any other token is refused', async (t) => {
  const { ask } = createHarness();
  t.equal(ask(), 401);
  t.equal(ask(`${ADMIN}a`), 401);
  t.equal(ask(ADMIN.slice(1)), 401);
  t.equal(ask(ADMIN.toUpperCase()), 401);
});

t.test('after five wrong tokens in a minute their address gets 429, except with the right token', async (t) => {
  const { ask, pass } = createHarness();
  for (let tries = 0; tries < 5; tries += 1) t.equal(ask('wrong'), 401);
  t.equal(ask('wrong'), 429);
  t.equal(ask(ADMIN), 'admin', 'an operator behind the same address is not affected');
  t.equal(ask(METRICS), 'metrics');
  t.equal(ask(), 429);
  t.equal(ask('wrong', '192.0.2.2'), 401, 'other addresses still get 401');
  pass(59_999);
  t.equal(ask('wrong'), 429);
  pass(1);
  t.equal(ask('wrong'), 401);
});

t.test('wrong tokens spread over more than a minute do not add up', async (t) => {
  const { ask, pass } = createHarness();
  for (let tries = 0; tries < 20; tries += 1) {
    t.equal(ask('wrong'), 401);
    pass(20_000);
  }
});

t.test('a request without a token does not count as a wrong token', async (t) => {
  const { ask } = createHarness();
  for (let tries = 0; tries < 20; tries += 1) t.equal(ask(), 401);
});

t.test('without a configured metrics token no request gets metrics access', async (t) => {
  const access = createAccess({ admin: ADMIN }, () => 0);
  t.throws(
    () => access({ ip: '192.0.2.1', headers: { authorization: 'Bearer undefined' } }),
    new AdminProblem(401, 'invalid_token', 'Send "Authorization: Bearer <ADMIN_TOKEN>".'),
  );
});

t.test('every path answers 401 without a token, whether the route exists or not', async (t) => {
  const { ask } = adminOver(t);
  for (const path of PATHS) {
    const { status, headers, body } = await ask(path, { token: null });
    t.equal(status, 401, path);
    t.equal(headers['www-authenticate'], 'Bearer');
    t.match(body, { status: 401, code: 'invalid_token', instance: /^urn:uuid:/ });
  }
});

t.test('the metrics token grants access to /metrics only', async (t) => {
  const { ask } = adminOver(t);
  const metrics = await ask('/metrics', { token: METRICS_TOKEN });
  t.equal(metrics.status, 200);
  t.equal(metrics.text, 'tcg_up 1\n');
  t.equal(metrics.type, 'text/plain; version=0.0.4; charset=utf-8');
  for (const path of PATHS.filter((one) => one !== '/metrics')) {
    t.match(await ask(path, { token: METRICS_TOKEN }), { status: 403, body: { code: 'admin_token_required' } }, path);
  }
  t.equal((await ask('/leads/replay', { method: 'POST', token: METRICS_TOKEN, body: { site: 'demo' } })).status, 403);
});

t.test('too many wrong tokens are answered with 429 and Retry-After', async (t) => {
  const { ask } = adminOver(t);
  for (let tries = 0; tries < 5; tries += 1) t.equal((await ask('/stats', { token: 'wrong' })).status, 401);
  const { status, headers, body } = await ask('/stats', { token: 'wrong' });
  t.equal(status, 429);
  t.equal(headers['retry-after'], '60');
  t.match(body, { code: 'rate_limited' });
});

t.test('no answer may be cached', async (t) => {
  const { ask } = adminOver(t);
  for (const path of ['/stats', '/none']) {
    const { headers } = await ask(path);
    t.equal(headers['cache-control'], 'no-store');
    t.equal(headers['x-content-type-options'], 'nosniff');
  }
});
