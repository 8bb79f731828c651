import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { FAULTS, nationalOf } from '../../src/simulator/faults/table.ts';
import { NO_LIMITS, read, send } from '../support/caller.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningGateway, refusedStart, startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { startProvider } from '../support/provider.ts';
import { messagesOf } from '../support/simulator/harness.ts';
import { traces } from '../support/traces.ts';

t.setTimeout(150_000);

const PHONE = '4042319876';
const PASSWORD = 'canary-password';
const ADMIN_TOKEN = 'canary-admin-token-of-thirty-two-characters';
const METRICS_TOKEN = 'canary-metrics-token';
const KEYS = { DATA_KEY: randomBytes(32).toString('base64'), HASH_KEY: randomBytes(32).toString('base64') };
/** The description of the simulator's fault `failure_other`. */
const DESCRIPTION = 'Object reference not set';

const LEAD = {
  site: 'demo',
  advertiserId: '1659',
  consumer: {
    phone: `+1 ${PHONE}`,
    firstName: 'Canaryfirst',
    lastName: 'Canarylast',
    question: 'canary-question: is my phone number invalid?',
  },
  listing: { note: 'canary-listing' },
  consent: { text: 'canary-consent' },
  page: { url: 'https://canary-page.example/', title: 'canary-title' },
};

const PERSONAL = [
  PHONE,
  'Canaryfirst',
  'Canarylast',
  'canary-question',
  'canary-listing',
  'canary-consent',
  'canary-page',
  'canary-title',
];
const SECRETS = [PASSWORD, ADMIN_TOKEN, METRICS_TOKEN, ...Object.values(KEYS)];
const CANARIES = [...PERSONAL, ...SECRETS, DESCRIPTION, 'canary-idempotency', 'canary-api-key', 'canary-wire'];

const withConsumer = (consumer: object): object => ({ ...LEAD, consumer: { ...LEAD.consumer, ...consumer } });

/** Requests that are refused; each has canaries in the wrong field and in the fields beside it. */
const BAD: readonly [name: string, body: object | string, headers?: Record<string, string>][] = [
  ['a phone of letters', withConsumer({ phone: 'canary-question' })],
  ['an extension', withConsumer({ phone: `+1 ${PHONE} ext. 7` })],
  ['a foreign number', withConsumer({ phone: '+44 7700 900123' })],
  ['a question of a wrong type', withConsumer({ question: ['canary-question'] })],
  ['a question that is too long', withConsumer({ question: 'canary-question '.repeat(100) })],
  ['a name that is too long', withConsumer({ firstName: 'Canaryfirst'.repeat(10) })],
  ['a control character', withConsumer({ question: 'canary-question\u0001' })],
  ['a nested listing', { ...LEAD, listing: { note: { deep: 'canary-listing' } } }],
  ['a page of another protocol', { ...LEAD, page: { url: 'ftp://canary-page.example/' } }],
  ['both targets', { ...LEAD, merchantId: 7 }],
  ['an unknown site', { ...LEAD, site: 'nowhere' }],
  ['broken JSON', JSON.stringify(LEAD).slice(0, -9)],
  ['a duplicate key', JSON.stringify(LEAD).replace('"site"', '"consent":{"text":"canary-consent"},"site"')],
  ['a body that is too large', { ...LEAD, listing: 'canary-listing '.repeat(6_000) }],
  ['another content type', JSON.stringify(LEAD), { 'content-type': 'text/plain' }],
  ['a wrong key', LEAD, { authorization: 'Bearer canary-api-key' }],
  ['a wrong Idempotency-Key', LEAD, { 'idempotency-key': 'canary-idempotency '.repeat(20) }],
];

t.test('no answer, log line or database byte holds a secret or personal data', async (t) => {
  const provider = await startProvider(t, { providerId: 7, username: 'ann', password: PASSWORD });
  const database = join(memoryFolder(t), 'gateway.db');
  const gateway = await startGateway(t, {
    ...NO_LIMITS,
    ...provider.env,
    ...KEYS,
    ADMIN_PORT: '0',
    ADMIN_TOKEN,
    METRICS_TOKEN,
    LOG_LEVEL: 'trace',
    UPSTREAM_TIMEOUT_MS: '500',
    DATABASE_URL: `sqlite:${database}`,
  });
  const { url } = gateway;
  const told: string[] = [];
  const tell = (reply: unknown): void => void told.push(JSON.stringify(reply));

  t.match(await send(url, LEAD, { 'idempotency-key': 'canary-idempotency' }), { status: 201 });
  for (const [name, body, headers] of BAD) {
    const reply = await send(url, body, headers);
    t.ok(reply.status >= 400 && reply.status < 500, `${name} is answered ${reply.status}`);
    tell(reply.body);
  }
  for (const fault of FAULTS) {
    const { status, body } = await send(url, withConsumer({ phone: `+1${nationalOf(fault)}` }));
    t.ok(status < 500, `${fault.name} is answered ${status}`);
    tell(body);
    // Good leads in between keep the breaker and the provider's account in use.
    await send(url, withConsumer({ question: `canary-question ${fault.name}` }));
  }
  tell(await read(url, `/conversations/canary-question?phone=${PHONE}`));
  told.push(await brokenHttp(gateway, `GET /canary-wire HTTP/1.1\r\ncanary-wire\r\n\r\n`));

  renameSync(database, `${database}.away`);
  await eventually('the loss is noticed', 5_000, async () =>
    (await read(url, '/readyz')).status === 503 ? true : undefined,
  );
  t.match(await send(url, withConsumer({ question: 'canary-question while the disk is away' })), { status: 503 });
  await gateway.line(({ event }) => event === 'worker_fault');
  renameSync(`${database}.away`, database);

  const { adminUrl } = await gateway.line(({ event }) => event === 'started');
  const metrics = await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  told.push(await metrics.text());
  t.match(told.at(-1), /tcg_attempts_total/);
  t.match(told.at(-1), /^tcg_problems_total\{code="bad_request"\} 1$/m, 'what was no HTTP is counted');
  t.equal((await fetch(`${adminUrl}/metrics`, { headers: { authorization: 'Bearer canary-api-key' } })).status, 401);
  t.equal((await gateway.end('SIGTERM')).code, 0);

  const arrived = JSON.stringify(await messagesOf(provider.simulator));
  for (const canary of PERSONAL.filter((word) => !/consent|page|title/.test(word))) {
    t.ok(arrived.includes(canary), `the provider was told ${canary}`);
  }
  for (const canary of CANARIES) {
    t.notOk(told.join('\n').includes(canary), `no answer and no metric tells ${canary}`);
    t.notOk(gateway.output().includes(canary), `no line of the log tells ${canary}`);
  }
  const onDisk = traces(database, new Map([...PERSONAL, ...SECRETS].map((word) => [word, Buffer.from(word)])));
  t.strictSame(onDisk, [], 'no byte of the database holds one');
});

t.test('a program that cannot start names the fault and prints no secret', async (t) => {
  const secrets = {
    PROVIDER_PASSWORD: PASSWORD,
    ADMIN_TOKEN: 'canary-short',
    DATA_KEY: 'canary-data-key',
    METRICS_TOKEN: 'canary-m',
  };
  const { code, stderr, stdout } = await refusedStart(t, { ...secrets, UPSTREAM_URL: 'canary-url', ADMIN_PORT: '0' });
  t.equal(code, 1);
  for (const setting of Object.keys(secrets).slice(1)) t.match(stderr, setting);
  for (const secret of Object.values(secrets)) t.notOk((stdout + stderr).includes(secret));
});

/** Sends bytes that are not HTTP and returns the answer. */
async function brokenHttp({ url }: RunningGateway, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.end(bytes);
  return text(socket);
}
