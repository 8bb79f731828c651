import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Test } from 'tap';
import t from 'tap';
import { checkButton } from '../../src/cli/check/check.ts';
import { BUILT_WIDGET } from '../../src/http/routes/files.ts';
import { besideRunning, gateway } from '../support/cli/process.ts';
import { soundFile } from '../support/config/load.ts';
import { newLead } from '../support/outbox.ts';

type Check = { name: string; result: string; detail: string };

async function check(
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; ok: boolean; checks: Record<string, Check> }> {
  const { code, out } = await gateway(['check', '--json'], env);
  const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: Check[] };
  return { code, ok, checks: Object.fromEntries(checks.map((one) => [one.name, one])) };
}

/** A provider that counts the bytes it is sent. */
async function provider(t: Test) {
  let bytes = 0;
  const server = createServer((socket) => {
    socket.on('data', (data) => {
      bytes += data.length;
    });
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const env = {
    UPSTREAM_URL: `http://127.0.0.1:${port}/S.svc/C`,
    PROVIDER_ID: '1',
    PROVIDER_USERNAME: 'u',
    PROVIDER_PASSWORD: 'p',
  };
  return { env, bytes: () => bytes };
}

t.test('every check is ok on a healthy installation, and the provider receives nothing', async (t) => {
  const { env, outbox } = besideRunning(t);
  const upstream = await provider(t);
  const { code, ok, checks } = await check({ ...env, ...upstream.env });
  t.equal(code, 0);
  t.equal(ok, true);
  t.strictSame(Object.keys(checks).sort(), [
    'clock',
    'database',
    'disk',
    'keys',
    'leads',
    'provider default',
    'settings',
  ]);
  t.match(checks['provider default'], { result: 'ok', detail: /answers$/ });
  t.equal(upstream.bytes(), 0);
  await t.resolves(outbox.ready(), 'the running gateway goes on writing');
});

t.test('the sites and accounts with failurePatterns of their own are named', async (t) => {
  const file = soundFile();
  Object.assign(file.sites.motors, { failurePatterns: { 'is paused': 'not_sent', 'has ended': 'refused' } });
  Object.assign(file.providers.main, { failurePatterns: { 'is paused': 'refused' } });
  const { env } = besideRunning(t);
  const config = join(t.testdir(), 'config.json');
  writeFileSync(config, JSON.stringify(file));
  const { checks } = await check({ ...env, CONFIG_FILE: config, NODE_ENV: 'development' });
  t.match(checks['failure patterns'], { result: 'ok', detail: '2 of the site motors, 1 of the account main' });
});

t.test('entries of the store are checked: their accounts, and what the file has, too', async (t) => {
  const upstream = await provider(t);
  const { env, path } = besideRunning(t);
  const put = (group: string, key: string, content: object) =>
    gateway([group, 'put', key, '-'], { ...env, ...upstream.env }, JSON.stringify(content));
  const { motors } = soundFile().sites;
  const key = `sha256:${'a'.repeat(64)}`;
  const eu = { providerId: 1, username: 'u', password: 'p', url: 'http://127.0.0.1:1/S.svc/C' };
  t.match(await put('providers', 'eu', eu), { code: 0 });
  t.match(await put('sites', 'motors', { ...motors, provider: 'eu' }), { code: 0 });
  t.match(await put('partners', 'crm', { sites: '*', keys: [key.toUpperCase().replace('SHA', 'sha')] }), { code: 0 });
  const alone = await check({ ...env, ...upstream.env });
  t.match(alone.checks.store, { result: 'ok', detail: 'has sites, 1 partner, 1 provider account' });
  t.match(alone.checks['provider eu'], { result: 'problem', detail: /ECONNREFUSED/ });

  const config = join(dirname(path), 'config.json');
  const partners = { other: { sites: '*', keys: [`sha256:${'b'.repeat(64)}`, key] } };
  writeFileSync(config, JSON.stringify({ sites: { motors: { ...motors, provider: 'default' } }, partners }));
  const { out } = await gateway(['check'], { ...env, ...upstream.env, CONFIG_FILE: config, NODE_ENV: 'development' });
  t.match(out, /problem +store +CONFIG_FILE: \/sites\/motors is in the store, too; /);
  t.match(
    out,
    /problem +store +CONFIG_FILE: \/partners\/other\/keys\/1 is a key of the partner crm of the store, too; /,
  );
});

t.test('a first start is checked without creating the database', async (t) => {
  const folder = t.testdir();
  const { code, checks } = await check({ DATABASE_URL: `sqlite:${join(folder, 'data', 'gateway.db')}` });
  t.equal(code, 0);
  t.match(checks.database, { result: 'ok', detail: /is not there yet/ });
  t.throws(() => statSync(join(folder, 'data')), { code: 'ENOENT' });
});

t.test('a missing database whose write-ahead log exists is a problem', async (t) => {
  const folder = t.testdir({ 'gateway.db-wal': 'commits' });
  const { code, checks } = await check({ DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}` });
  t.equal(code, 1);
  t.match(checks.database, { result: 'problem', detail: /gateway\.db-wal holds commits .* Put the file back/ });
});

t.test('an unreachable provider is a problem, and every other check still runs', async (t) => {
  const { env } = besideRunning(t);
  const upstream = await provider(t);
  const { code, ok, checks } = await check({ ...env, ...upstream.env, UPSTREAM_URL: 'http://127.0.0.1:1/S.svc/C' });
  t.equal(code, 1);
  t.equal(ok, false);
  t.match(checks['provider default'], { result: 'problem', detail: /ECONNREFUSED/ });
  t.match(checks.database, { result: 'ok' });
});

t.test('each mistake in the settings is a line', async (t) => {
  const { code, out } = await gateway(['check'], { PORT: 'http', LOG_LEVEL: 'loud' });
  t.equal(code, 1);
  t.match(out, /^RESULT +CHECK +FOUND\nproblem +settings +LOG_LEVEL .*\nproblem +settings +PORT .*\n$/);
});

t.test('a file that is not a gateway database is a problem', async (t) => {
  const folder = t.testdir({
    'gateway.db': 'not a database, only a text that is long enough to be read as a header'.repeat(20),
  });
  const { code, checks } = await check({ DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}` });
  t.equal(code, 1);
  t.match(checks.database, { result: 'problem', detail: /cannot be used/ });
});

t.test('a database that takes no write is a problem, reported with the engine’s own message', async (t) => {
  const { env, path } = besideRunning(t);
  t.match((await check(env)).checks.database, { result: 'ok' });
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  const { code, checks } = await check(env);
  other.close();
  t.equal(code, 1);
  t.match(checks.database, { result: 'problem', detail: /takes no write \(database is locked\)$/ });
});

t.test('leads that the configured key does not open are a problem', async (t) => {
  const { env, parked } = besideRunning(t);
  const id = await parked();
  t.match((await check(env)).checks.keys, { result: 'ok' });
  const { code, checks } = await check({ ...env, DATA_KEY: Buffer.alloc(32, 'another key').toString('base64') });
  t.equal(code, 1);
  t.match(checks.keys, { result: 'problem', detail: new RegExp(`^${id} does not open: set the DATA_KEY`) });
});

t.test('a HASH_KEY that differs from the one the numbers were hashed with is a problem', async (t) => {
  const { env } = besideRunning(t);
  t.match((await check(env)).checks.database, { result: 'ok' });
  const { code, checks } = await check({ ...env, HASH_KEY: Buffer.alloc(32, 'another key').toString('base64') });
  t.equal(code, 1);
  t.match(checks.database, { result: 'problem', detail: /cannot be used: HASH_KEY is not the one/ });
});

t.test('leads that wait for a decision are a warning', async (t) => {
  const { env, parked } = besideRunning(t);
  await parked();
  const { code, checks } = await check(env);
  t.equal(code, 0);
  t.match(checks.leads, { result: 'warning', detail: '1 parked: see leads list' });
});

t.test('an account of whose leads none was delivered is a problem', async (t) => {
  const { env, parked, outbox } = besideRunning(t);
  for (let n = 0; n < 2; n += 1) await parked();
  t.notOk((await check(env)).checks['account default'], 'two leads may be at fault themselves');
  await parked();
  await parked({ provider: 'other' });
  const { code, checks } = await check(env);
  t.equal(code, 1);
  t.match(checks['account default'], { result: 'problem', detail: /newest 3 leads .* \(3 parked schedule\)$/ });
  t.notOk(checks['account other']);
  const accepted = await outbox.accept(newLead(), Date.now());
  if (accepted.kind !== 'stored' || !accepted.lease) throw new Error('not leased');
  await outbox.settle(accepted.lease, { status: 'delivered', attempted: true }, Date.now());
  t.notOk((await check(env)).checks['account default']);
});

t.test('leads that are due and not sent are told, because no gateway runs or a breaker is open', async (t) => {
  const { env, outbox } = besideRunning(t);
  const now = Date.now();
  await outbox.accept(newLead({ start: { kind: 'due', at: now + 60_000 } }), now);
  t.notOk((await check(env)).checks['queue default']);
  await outbox.accept(newLead({ start: { kind: 'due', at: now - 60_000 } }), now - 60_000);
  t.match((await check(env)).checks['queue default'], {
    result: 'warning',
    detail: /^1 lead due .* breaker .* is open/,
  });
});

t.test('an open breaker and refused settings of the running gateway are told', async (t) => {
  const { env } = besideRunning(t);
  const token = 'admin-token-'.repeat(3);
  const state = {
    providers: [
      { id: 'a', endpoint: 'https://one.example', parked: false },
      { id: 'b', endpoint: 'https://two.example', parked: false },
    ],
    breakers: [
      { endpoint: 'https://one.example', state: 'open' },
      { endpoint: 'https://two.example', state: 'closed' },
    ],
    settings: { refused: true, mistakes: 2 },
  };
  const server = createHttpServer((request, response) => {
    response.statusCode = request.headers.authorization === `Bearer ${token}` ? 200 : 401;
    response.end(JSON.stringify(state));
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const admin = { ...env, ADMIN_PORT: String((server.address() as AddressInfo).port), ADMIN_TOKEN: token };
  const { code, checks } = await check(admin);
  t.equal(code, 1);
  t.match(checks['breaker https://one.example'], { result: 'problem', detail: 'is open: the leads of a wait' });
  t.notOk(checks['breaker https://two.example']);
  t.match(checks.gateway, { result: 'warning', detail: /refused with 2 mistakes/ });
  const wrong = await check({ ...admin, ADMIN_TOKEN: 'another-token'.repeat(3) });
  t.match(wrong.checks.gateway, { result: 'warning', detail: /nothing answers at ADMIN_PORT/ });
});

t.test('in production the button’s files have to be built', async (t) => {
  const { env } = besideRunning(t);
  const upstream = await provider(t);
  const file = join(t.testdir(), 'gateway.config.json');
  writeFileSync(
    file,
    JSON.stringify({
      ...soundFile(),
      providers: { main: { ...soundFile().providers.main, url: upstream.env.UPSTREAM_URL } },
    }),
  );
  const { checks } = await check({ ...env, NODE_ENV: 'production', CONFIG_FILE: file });
  t.equal(checks.button?.result, existsSync(BUILT_WIDGET) ? 'ok' : 'warning', 'asked of where the gateway looks');

  const folder = t.testdir({ built: { 'v1.js': '' }, empty: {} });
  const result = (name: string, production = true) => checkButton({ production }, join(folder, name))[0]?.result;
  t.equal(result('built'), 'ok');
  t.equal(result('empty'), 'warning');
  t.equal(result('missing'), 'warning');
  t.equal(result('missing', false), undefined, 'elsewhere it is built when it is asked for');
});
