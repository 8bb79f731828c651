import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Reply, send } from '../support/caller.ts';
import { KEYS } from '../support/config/load.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { ok, rawServer, SUCCESS } from '../support/provider/raw-server.ts';
import { webhookReceiver } from '../support/receivers.ts';

const ADMIN = { authorization: `Bearer ${'admin-token-'.repeat(3)}`, 'content-type': 'application/json' };
const REAL_KEY = 'tcg_partner-key-of-the-crm';
const TEST_KEY = 'tcg_test_partner-key-of-the-crm';

/** Numbers of docs/simulator.md, each with the status and the state of the answer. */
const NUMBERS: readonly [line: number, answer: number, state: string, reason?: string][] = [
  [0, 201, 'delivered'],
  [10, 422, 'rejected', 'phone'],
  [11, 422, 'rejected', 'target'],
  [12, 202, 'queued'],
  [13, 202, 'parked'],
  [16, 422, 'rejected', 'phone'],
  [20, 202, 'queued'],
  [25, 202, 'queued'],
  [26, 202, 'parked'],
  [30, 202, 'queued'],
  [40, 202, 'queued'],
  [53, 201, 'delivered'],
  [73, 202, 'queued'],
  [74, 202, 'queued'],
  [79, 202, 'queued'],
];

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

t.test(
  'in production a test lead goes to the simulator, and nothing of it reaches the provider or a real count',
  async (t) => {
    const { url, requests } = await rawServer(t, ok(SUCCESS));
    const receiver = await webhookReceiver(t);
    const folder = memoryFolder(t);
    const config = join(folder, 'config.json');
    const site = {
      name: 'Motors',
      origins: [],
      country: 'US',
      targets: { advertiserIds: ['1659'] },
      dailyMax: { phone: 1, site: 100 },
    };
    const configure = (trialIsTest: boolean): void =>
      writeFileSync(
        config,
        JSON.stringify({
          sites: { motors: site, trial: { ...site, ...(trialIsTest && { test: true }) } },
          partners: {
            crm: {
              keys: [sha256(REAL_KEY), sha256(TEST_KEY)],
              sites: '*',
              callbacks: [{ url: receiver.url, secret: `whsec_${KEYS.DATA_KEY}` }],
            },
          },
          providers: { default: { url, providerId: 7, username: 'ann', password: 'word' } },
          allowPrivateHosts: ['127.0.0.1'],
        }),
      );
    configure(true);
    const gateway = await startGateway(t, {
      ...KEYS,
      CONFIG_FILE: config,
      DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      ADMIN_PORT: '0',
      ADMIN_TOKEN: 'admin-token-'.repeat(3),
    });
    const adminUrl = String((await gateway.line(({ event }) => event === 'started')).adminUrl);
    const admin = async (path: string, body?: object) => {
      const answer = await fetch(adminUrl + path, {
        headers: ADMIN,
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      });
      return path === '/metrics' ? answer.text() : ((await answer.json()) as Record<string, unknown>);
    };
    const post = (
      key: string,
      line: number,
      changes: object = {},
      headers: Record<string, string> = {},
    ): Promise<Reply> =>
      send(
        gateway.url,
        {
          site: 'motors',
          advertiserId: '1659',
          consumer: { phone: `+1 404 555 20${String(line).padStart(2, '0')}` },
          ...changes,
        },
        { authorization: `Bearer ${key}`, ...headers },
      );

    await t.test('every number has the outcome that the simulator documents', async (t) => {
      for (const [line, status, state, reason] of NUMBERS) {
        const reply = await post(TEST_KEY, line);
        t.equal(reply.status, status, `+1 404 555 20${line}`);
        t.equal(reply.body.test, true);
        const found = await fetch(`${gateway.url}/conversations/${reply.body.id}`, {
          headers: { authorization: `Bearer ${TEST_KEY}` },
        });
        t.match(await found.json(), { test: true, status: state, ...(reason && { reason }) }, `+1 404 555 20${line}`);
      }
    });

    await t.test(
      'a test site makes tests of what comes with a real key, and keeps it so after it became a real site',
      async (t) => {
        const { body } = await post(REAL_KEY, 30, { site: 'trial', reference: 'order-1' });
        t.match(body, { test: true, status: 'queued', reference: 'order-1' });
        configure(false);
        process.kill(gateway.pid, 'SIGHUP');
        await gateway.line(({ event }) => event === 'settings_replaced');
        await admin('/leads/retry', { ids: [body.id] });
        await eventually('the lead is tried again', 20_000, async () => {
          const shown = (await admin(`/leads/${body.id}`)) as { attempts?: number };
          return shown.attempts === 2 || undefined;
        });
        t.match(await admin(`/leads/${body.id}`), { test: true, provider: 'test:default', status: 'queued' });
      },
    );

    await t.test('no call was made, and nothing was counted, parked or told', async (t) => {
      t.strictSame(requests, []);
      t.match(await admin('/stats'), {
        byStatus: { delivered: 0, rejected: 0, queued: 0, parked: 0 },
        parkedProviders: [],
        testLeads: NUMBERS.length + 1,
      });
      t.strictSame(await admin('/stats/waiting'), { items: [] });
      const metrics = String(await admin('/metrics'));
      t.notMatch(metrics, /^tcg_(attempts|conversations|possible_repeats)_total\{.*\} [1-9]/m);
      t.notMatch(metrics, /test:/);
      t.notOk(
        gateway.lines.some(({ event }) => event === 'lead_parked' || event === 'breaker' || event === 'leads_refused'),
      );
      t.ok(gateway.lines.filter(({ event, test }) => event === 'attempt' && test === true).length > NUMBERS.length);
      t.ok(gateway.lines.some(({ event, test }) => event === 'request' && test === true));
      t.match(await admin('/leads?test=true&limit=1'), { items: [{ test: true }] });
      t.match(await admin('/leads?test=false'), { items: [] });
    });

    await t.test('a real lead shares no key, repetition or cap with the tests of its partner', async (t) => {
      const key = { 'idempotency-key': 'order-4711' };
      const [test, real] = [await post(TEST_KEY, 0, {}, key), await post(REAL_KEY, 0, {}, key)];
      t.equal(test.body.status, 'held', 'the second test of the number is over the cap of tests');
      t.match(real, { status: 201, body: { status: 'delivered' } });
      t.notOk('test' in real.body);
      t.equal(requests.length, 1);
      const list = async (key: string) => {
        const answer = await fetch(`${gateway.url}/conversations?limit=100`, {
          headers: { authorization: `Bearer ${key}` },
        });
        return ((await answer.json()) as { items: { test?: true }[] }).items;
      };
      const [tests, all] = [await list(TEST_KEY), await list(REAL_KEY)];
      t.ok(tests.length > NUMBERS.length && tests.every(({ test }) => test === true));
      t.equal(all.length, tests.length + 1, 'a real key sees both, each marked');
    });

    await t.test('callbacks say which leads are tests', async (t) => {
      let tests = 0;
      for (;;) {
        const { data } = JSON.parse((await receiver.next()).body) as { data: { test?: true; status: string } };
        if (data.test === undefined) break;
        tests += 1;
      }
      t.ok(tests >= 7, String(tests));
    });
  },
);
