import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FAULTS } from '../../src/simulator/faults/table.ts';
import { ioOf, runInProcess, type Typed } from '../support/cli/terminal.ts';
import { KEYS } from '../support/config/load.ts';

const RECEIVER = { url: 'https://crm.example/hook', secret: `whsec_${KEYS.DATA_KEY}` };

/** A program in production with a site of each kind, on an account whose endpoint answers nobody. */
function production(t: Test, changes: { readonly site?: object; readonly account?: object } = {}) {
  const folder = t.testdir();
  const config = join(folder, 'config.json');
  const site = {
    name: 'Motors',
    origins: ['https://motors.example'],
    country: 'US',
    targets: { merchantIds: [20418] },
  };
  writeFileSync(
    config,
    JSON.stringify({
      sites: {
        motors: { ...site, ...changes.site },
        homes: {
          ...site,
          origins: [],
          country: 'GB',
          defaultTarget: { merchantId: 20418 },
          consent: { required: true },
        },
      },
      partners: {
        crm: {
          keys: [`sha256:${createHash('sha256').update('key').digest('hex')}`],
          sites: ['homes'],
          callbacks: [RECEIVER],
        },
      },
      providers: {
        default: {
          url: 'https://provider.invalid/service',
          providerId: 7,
          username: 'ann',
          password: 'canary-password',
          xml: { root: 'Lead', namespace: 'urn:leads', order: 'alphabetical', contentType: 'text/xml; charset=utf-8' },
          ...changes.account,
        },
      },
    }),
  );
  const env = { ...KEYS, CONFIG_FILE: config, DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}` };
  const rehearse = (line: string, input?: object): Promise<Typed> =>
    runInProcess(
      ['rehearse', ...line.split(' ').filter((word) => word !== '')],
      { ...ioOf({}), env, readInput: async () => Buffer.from(JSON.stringify(input)) },
      () => Promise.reject(new Error('a rehearsal opens no store of the gateway')),
    );
  return { folder, rehearse };
}

type Report = {
  readonly steps: readonly { readonly step: string; readonly result: string; readonly detail: string }[];
  readonly [name: string]: unknown;
};
const reportOf = ({ out }: Typed): Report => JSON.parse(out) as Report;
const failedOf = (typed: Typed): readonly string[] =>
  reportOf(typed).steps.flatMap(({ step, result }) => (result === 'failed' ? [step] : []));

t.test('a lead passes every step, and its document is that of the account with the password masked', async (t) => {
  const { folder, rehearse } = production(t);
  const { code, out, err } = await rehearse('--site motors');
  t.equal(err, '');
  t.equal(code, 0);
  const steps = [...out.matchAll(/^(\w[\w ]*?) {2,}(ok|note) {2,}\S/gm)].map(([, step]) => step);
  t.strictSame(steps, [
    'site',
    'sender',
    'lead',
    'target',
    'consent',
    'caps',
    'document',
    'simulator',
    'class',
    'lead becomes',
    'answer',
    'callbacks',
  ]);
  t.match(out, /a page of https:\/\/motors\.example/);
  t.match(out, /<Lead xmlns="urn:leads"><ConsumerFirstName>Ann</);
  t.match(out, '<UserName>ann</UserName>');
  t.match(out, '<Password>********</Password>');
  t.notMatch(out, 'canary-password');
  t.match(out, /HTTP 201 .*"status":"delivered".*"test":true/);
  t.strictSame(readdirSync(folder), ['config.json'], 'the database of the gateway is not touched');
  t.notOk(readdirSync(tmpdir()).some((name) => name.startsWith('rehearsal-')));
});

t.test('a fault is shown to the end: its class, what the lead becomes, and what the visitor sees', async (t) => {
  const { rehearse } = production(t);
  const typed = await rehearse('--site motors --fault 503 --json');
  t.equal(typed.code, 0);
  t.match(reportOf(typed), {
    asDocumented: true,
    fault: '503',
    outcome: { class: 'not_sent', cause: 'http_503' },
    status: 'queued',
    answer: { status: 202, body: { status: 'queued', attempts: 0, test: true } },
  });
  const refused = await rehearse('--site motors --fault credentials --json');
  t.equal(refused.code, 0);
  t.match(reportOf(refused), { outcome: { class: 'credentials' }, status: 'queued' });
});

t.test('a partner sends with a key of its own and is told by callbacks', async (t) => {
  const { rehearse } = production(t);
  const typed = await rehearse('--site homes --partner crm --fault failure_phone --json');
  t.equal(typed.code, 0, typed.out);
  t.match(reportOf(typed), {
    status: 'rejected',
    answer: { status: 422, body: { code: 'lead_rejected', reason: 'phone', reference: 'rehearsal' } },
    callbacks: [
      { url: RECEIVER.url, body: { type: 'conversation.rejected', data: { test: true, reference: 'rehearsal' } } },
    ],
  });
  t.match(typed.out, /"number \+44\d+, read as of GB"/);
});

t.test('what the rules refuse ends with another exit code, at its step', async (t) => {
  const { rehearse } = production(t);
  const cases: [line: string, step: string, input?: object][] = [
    ['--site homes', 'sender'],
    ['--site motors --origin https://other.example', 'sender'],
    ['--site motors --partner crm', 'site'],
    ['--site motors --lead -', 'lead', { merchantId: 20418, consumer: { phone: '+44 7700 900123' } }],
    ['--site motors --lead -', 'target', { merchantId: 1, consumer: { phone: '(404) 555-1212' } }],
    ['--site homes --partner crm --lead -', 'consent', { consumer: { phone: '+44 7400 123456' } }],
  ];
  for (const [line, step, input] of cases) {
    const typed = await rehearse(`${line} --json`, input);
    t.equal(typed.code, 4, line);
    t.strictSame(failedOf(typed), [step], line);
    t.notOk('document' in reportOf(typed), line);
  }
});

t.test('an outcome that the settings change is not the documented one', async (t) => {
  const { rehearse } = production(t, {
    account: { failurePatterns: { 'object reference': { class: 'rejected', reason: 'other' } } },
  });
  const typed = await rehearse('--site motors --fault failure_other --json');
  t.equal(typed.code, 4);
  t.strictSame(failedOf(typed), ['class']);
  const held = production(t, { site: { unknownOutcome: 'hold' } });
  t.match(reportOf(await held.rehearse('--site motors --fault blank --json')), {
    asDocumented: true,
    status: 'unknown',
  });
});

t.test('the help lists every fault, and no other name is taken', async (t) => {
  const { rehearse } = production(t);
  const { out } = await rehearse('--help');
  const words = new Set(out.split(/[^\w]+/));
  for (const { name } of FAULTS) t.ok(words.has(name), name);
  t.match(await rehearse('--site motors --fault 504'), { code: 2, err: /504 is no fault of the simulator/ });
  t.match(await rehearse('--site other'), { code: 1, err: /use one of: motors, homes/ });
  t.match(await rehearse('--site motors --partner nobody'), { code: 2, err: /nobody is not a partner/ });
});
