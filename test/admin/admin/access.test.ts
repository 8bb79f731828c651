import Fastify, { type FastifyRequest } from 'fastify';
import t from 'tap';
import { createAccess } from '../../../src/admin/api/access.ts';
import { AdminProblem } from '../../../src/admin/api/problem.ts';

const ADMIN = 'a'.repeat(32);
const METRICS = 'm'.repeat(32);

/** As much of a request as the access check reads. */
function requestOf(ip: string, authorization?: string): FastifyRequest {
  return { ip, headers: { authorization }, routeOptions: {} } as FastifyRequest;
}

async function harness() {
  let now = 0;
  const access = await createAccess(Fastify(), { admin: ADMIN, metrics: METRICS }, () => now);
  return {
    pass: (ms: number) => {
      now += ms;
    },
    /** What a token opens, or the status that refuses it. */
    async ask(token?: string, ip = '192.0.2.1') {
      try {
        return await access(requestOf(ip, token === undefined ? undefined : `Bearer ${token}`));
      } catch (error) {
        if (error instanceof AdminProblem) return error.status;
        throw error;
      }
    },
  };
}

t.test('each token opens what it is for', async (t) => {
  const { ask } = await harness();
  t.equal(await ask(ADMIN), 'admin');
  t.equal(await ask(METRICS), 'metrics');
});

t.test('anything else is refused', async (t) => {
  const { ask } = await harness();
  t.equal(await ask(), 401);
  t.equal(await ask(`${ADMIN}a`), 401);
  t.equal(await ask(ADMIN.slice(1)), 401);
  t.equal(await ask(ADMIN.toUpperCase()), 401);
});

t.test('five wrong tokens in a minute shut their address out, but never the right token', async (t) => {
  const { ask, pass } = await harness();
  for (let tries = 0; tries < 5; tries += 1) t.equal(await ask('wrong'), 401);
  t.equal(await ask('wrong'), 429);
  t.equal(await ask(ADMIN), 'admin', 'whoever shares the address goes on');
  t.equal(await ask(METRICS), 'metrics');
  t.equal(await ask(), 429);
  t.equal(await ask('wrong', '192.0.2.2'), 401, 'other addresses are told that it is wrong');
  pass(59_999);
  t.equal(await ask('wrong'), 429);
  pass(1);
  t.equal(await ask('wrong'), 401);
});

t.test('wrong tokens that are more than a minute apart add up to nothing', async (t) => {
  const { ask, pass } = await harness();
  for (let tries = 0; tries < 20; tries += 1) {
    t.equal(await ask('wrong'), 401);
    pass(20_000);
  }
});

t.test('a request without a token is no guess', async (t) => {
  const { ask } = await harness();
  for (let tries = 0; tries < 20; tries += 1) t.equal(await ask(), 401);
});

t.test('without a metrics token there is none', async (t) => {
  const access = await createAccess(Fastify(), { admin: ADMIN }, () => 0);
  await t.rejects(
    access(requestOf('192.0.2.1', 'Bearer undefined')),
    new AdminProblem(401, 'invalid_token', 'Send "Authorization: Bearer <ADMIN_TOKEN>".'),
  );
});

t.test('of wrong tokens that come at once five are told so, and no more', async (t) => {
  const { ask } = await harness();
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('wrong')));
  t.strictSame(answers, [401, 401, 401, 401, 401, 429, 429, 429]);
});

t.test('an address is shut out for a whole minute from its fifth wrong token on', async (t) => {
  const { ask, pass } = await harness();
  for (let tries = 0; tries < 4; tries += 1) t.equal(await ask('wrong'), 401);
  pass(50_000);
  t.equal(await ask('wrong'), 401);
  pass(59_999);
  t.equal(await ask(), 429);
  t.equal(await ask('wrong'), 429);
  pass(1);
  t.equal(await ask('wrong'), 401);
});
