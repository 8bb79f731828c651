import t from 'tap';
import { createAccess } from '../../../src/admin/api/access.ts';
import { AdminProblem } from '../../../src/admin/api/problem.ts';

const ADMIN = 'a'.repeat(32);
const METRICS = 'm'.repeat(32);

function harness() {
  let now = 0;
  const access = createAccess({ admin: ADMIN, metrics: METRICS }, () => now);
  return {
    pass: (ms: number) => {
      now += ms;
    },
    /** What a token opens, or the status that refuses it. */
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

t.test('each token opens what it is for', async (t) => {
  const { ask } = harness();
  t.equal(ask(ADMIN), 'admin');
  t.equal(ask(METRICS), 'metrics');
});

t.test('anything else is refused', async (t) => {
  const { ask } = harness();
  t.equal(ask(), 401);
  t.equal(ask(`${ADMIN}a`), 401);
  t.equal(ask(ADMIN.slice(1)), 401);
  t.equal(ask(ADMIN.toUpperCase()), 401);
});

t.test('five wrong tokens in a minute shut their address out, but never the right token', async (t) => {
  const { ask, pass } = harness();
  for (let tries = 0; tries < 5; tries += 1) t.equal(ask('wrong'), 401);
  t.equal(ask('wrong'), 429);
  t.equal(ask(ADMIN), 'admin', 'whoever shares the address goes on');
  t.equal(ask(METRICS), 'metrics');
  t.equal(ask(), 429);
  t.equal(ask('wrong', '192.0.2.2'), 401, 'other addresses are told that it is wrong');
  pass(59_999);
  t.equal(ask('wrong'), 429);
  pass(1);
  t.equal(ask('wrong'), 401);
});

t.test('wrong tokens that are more than a minute apart add up to nothing', async (t) => {
  const { ask, pass } = harness();
  for (let tries = 0; tries < 20; tries += 1) {
    t.equal(ask('wrong'), 401);
    pass(20_000);
  }
});

t.test('a request without a token is no guess', async (t) => {
  const { ask } = harness();
  for (let tries = 0; tries < 20; tries += 1) t.equal(ask(), 401);
});

t.test('without a metrics token there is none', async (t) => {
  const access = createAccess({ admin: ADMIN }, () => 0);
  t.throws(
    () => access({ ip: '192.0.2.1', headers: { authorization: 'Bearer undefined' } }),
    new AdminProblem(401, 'invalid_token', 'Send "Authorization: Bearer <ADMIN_TOKEN>".'),
  );
});
