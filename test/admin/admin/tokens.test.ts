import t from 'tap';
import { adminOver, METRICS_TOKEN } from './support.ts';

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

t.test('nothing is told without the token, not even which paths exist', async (t) => {
  const { ask } = adminOver(t);
  for (const path of PATHS) {
    const { status, headers, body } = await ask(path, { token: null });
    t.equal(status, 401, path);
    t.equal(headers['www-authenticate'], 'Bearer');
    t.match(body, { status: 401, code: 'invalid_token', instance: /^urn:uuid:/ });
  }
});

t.test('the metrics token opens the metrics alone', async (t) => {
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

t.test('wrong tokens end in a pause that says how long it is', async (t) => {
  const { ask } = adminOver(t);
  for (let tries = 0; tries < 5; tries += 1) t.equal((await ask('/stats', { token: 'wrong' })).status, 401);
  const { status, headers, body } = await ask('/stats', { token: 'wrong' });
  t.equal(status, 429);
  t.equal(headers['retry-after'], '60');
  t.match(body, { code: 'rate_limited' });
});

t.test('answers are kept by nobody', async (t) => {
  const { ask } = adminOver(t);
  for (const path of ['/stats', '/none']) {
    const { headers } = await ask(path);
    t.equal(headers['cache-control'], 'no-store');
    t.equal(headers['x-content-type-options'], 'nosniff');
  }
});
