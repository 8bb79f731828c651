import t from 'tap';
import { check } from '../../src/cli/check/check.ts';
import { openSession } from '../../src/cli/session.ts';
import { leadOf, NO_LIMITS, send } from '../support/caller.ts';
import { gateway, startProgram } from '../support/cli/process.ts';
import { startGateway } from '../support/gateway.ts';
import { startPostgres } from '../support/postgres.ts';
import { urlOf } from '../support/postgres-server.ts';
import { startProvider } from '../support/provider.ts';

const server = await startPostgres();

type Check = { readonly name: string; readonly result: string; readonly detail: string };

t.test('commands work beside gateways on Postgres, and make no tables where there are none', async (t) => {
  const address = await server.database();
  const provider = await startProvider(t);
  const env = { ...NO_LIMITS, ...provider.env, DATABASE_URL: urlOf(address) };
  const checked = async (): Promise<Check[]> => JSON.parse((await gateway(['check', '--json'], env)).out).checks;
  const name = `${address.host}:${address.port}/${address.database}`;

  const early = await gateway(['stats'], env);
  t.equal(early.code, 1);
  t.equal(
    early.err,
    `The database ${name} cannot be used: nothing is in it; is DATABASE_URL right, and was the gateway ever started?\n`,
  );
  t.match(
    (await checked()).find((one) => one.name === 'database'),
    { result: 'ok', detail: `${name} is empty yet; the gateway makes its tables at its start` },
  );
  t.strictSame(await server.query("SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace", address), []);

  const { url } = await startGateway(t, env);
  t.match(await send(url, leadOf(1)), { status: 201 });
  const { out } = await startProgram(['stats', '--json'], env);
  t.match(JSON.parse(out), { byStatus: { delivered: 1 } });
  const checks = await checked();
  t.match(
    checks.find((one) => one.name === 'database'),
    { result: 'ok', detail: `${name} opens and takes a write` },
  );
  t.notOk(
    checks.some((one) => one.name === 'disk'),
    "the server's disk is not ours to see",
  );
});

t.test("check compares this machine's clock with the server's", async (t) => {
  const address = await server.database();
  const provider = await startProvider(t);
  const env = { ...provider.env, DATABASE_URL: urlOf(address) };
  await startGateway(t, env);
  for (const [aheadMs, result, detail] of [
    [0, 'ok', /^it is/],
    [10_000, 'warning', /s ahead of the database server's clock/],
    [-3_600_000, 'problem', /s behind the database server's clock/],
  ] as const) {
    const io = { env, now: () => Date.now() + aheadMs };
    const session = await openSession(io);
    const findings = await check(io, async () => session);
    await session.close();
    t.match(
      findings.find(({ name }) => name === 'clock'),
      { result, detail },
    );
  }
});

t.test('check reports why a database cannot be reached, without the password', async (t) => {
  const address = await server.database();
  const url = urlOf({ ...address, password: 'canary' });
  const { code, out } = await gateway(['check', '--json'], { DATABASE_URL: url });
  t.equal(code, 1);
  t.match(
    (JSON.parse(out).checks as Check[]).find((one) => one.name === 'database'),
    { result: 'problem', detail: /password authentication failed/ },
  );
  t.notMatch(out, /canary/);
});
