import { createHash, createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { besideRunning, gateway } from '../support/cli/process.ts';
import { snippetWith } from '../support/guide.ts';
import { lead } from '../support/lead.ts';
import { leased, queued } from '../support/outbox.ts';

const DAY = Date.UTC(2026, 0, 5);
const KEYS = ['tcg_first', 'tcg_second'];
const PROVIDER = { PROVIDER_ID: '1001', PROVIDER_USERNAME: 'ann', PROVIDER_PASSWORD: 'a-password-of-tests' };
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A gateway with a partner of two keys, three leads of a day and one each of the days around it. */
async function filled(t: Test) {
  const { env, outbox } = besideRunning(t);
  const file = join(t.testdirName, 'gateway.json');
  const site = {
    name: 'Demo',
    origins: ['https://dealer.example'],
    country: 'US',
    targets: { advertiserIds: '*', merchantIds: '*' },
  };
  const partners = { crm: { keys: KEYS.map((key) => `sha256:${sha256(key).toString('hex')}`), defaultSite: 'demo' } };
  writeFileSync(file, JSON.stringify({ sites: { demo: site }, partners }));
  const of = (reference?: string) => ({ lead: lead({ partner: 'crm', ...(reference && { reference }) }) });
  await queued(outbox, DAY - 1, of('before'));
  const unknown = await leased(outbox, DAY, of('=1+1'));
  await outbox.settle(unknown, { status: 'unknown', attempted: true, repeatable: true }, DAY + 1);
  const delivered = await leased(outbox, DAY + 1_000, of('order-1'));
  await outbox.settle(delivered, { status: 'delivered', attempted: true }, DAY + 1_180);
  const open = await queued(outbox, DAY + 86_399_999, of());
  await queued(outbox, DAY + 86_400_000, of('after'));
  const run = (line: string) =>
    gateway(['reconcile', ...line.split(' ')], { ...env, NODE_ENV: 'development', CONFIG_FILE: file, ...PROVIDER });
  return { run, ids: { unknown: unknown.id, delivered: delivered.id, open } };
}

const signed = (bytes: string | Buffer): string =>
  KEYS.map((key) => `v1,${createHmac('sha256', sha256(key)).update(bytes).digest('base64')}\n`).join('');

t.test('a day is written as lines of JSON, newest first, and signed with each key of the partner', async (t) => {
  const { run, ids } = await filled(t);
  const { code, out, err } = await run('--partner crm --date 2026-01-05');
  t.equal(code, 0, err);
  t.strictSame(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      {
        id: ids.open,
        outcome: 'queued',
        certainty: 'open',
        final: false,
        attempts: 0,
        createdAt: '2026-01-05T23:59:59.999Z',
        updatedAt: '2026-01-05T23:59:59.999Z',
      },
      {
        reference: 'order-1',
        id: ids.delivered,
        outcome: 'delivered',
        certainty: 'confirmed',
        final: true,
        attempts: 1,
        createdAt: '2026-01-05T00:00:01.000Z',
        updatedAt: '2026-01-05T00:00:01.180Z',
      },
      {
        reference: '=1+1',
        id: ids.unknown,
        outcome: 'unknown',
        certainty: 'may_have_arrived',
        final: false,
        attempts: 1,
        createdAt: '2026-01-05T00:00:00.000Z',
        updatedAt: '2026-01-05T00:00:00.001Z',
      },
    ],
  );
  t.ok(err.endsWith(signed(out)), err);
});

t.test('a file has its signature beside it; in CSV no reference is a formula', async (t) => {
  const { run, ids } = await filled(t);
  const file = join(t.testdirName, 'day.csv');
  const { code, out, err } = await run(`--partner crm --date 2026-01-05 --csv --out ${file}`);
  t.match({ code, out }, { code: 0, out: '' }, err);
  const bytes = readFileSync(file);
  const [head, , , last] = bytes.toString().split('\r\n');
  t.equal(head, '"reference","id","outcome","reason","certainty","final","attempts","createdAt","updatedAt"');
  t.match(last, `"'=1+1","${ids.unknown}","unknown","","may_have_arrived","false","1",`);
  t.equal(readFileSync(`${file}.sig`, 'utf8'), signed(bytes));
  writeFileSync(join(t.testdirName, 'verify.mjs'), snippetWith('js', 'isGenuine'));
  const { isGenuine } = await import(join(t.testdirName, 'verify.mjs'));
  for (const key of KEYS) t.equal(isGenuine(file, key), true, 'the code of the guide');
  t.equal(isGenuine(file, 'tcg_other'), false);
  writeFileSync(file, `${bytes}x`);
  t.equal(isGenuine(file, KEYS[0]), false);
});

t.test('a wrong day or partner is refused, with what would be right', async (t) => {
  const { run } = await filled(t);
  t.match(await run('--partner crm --date 2026-02-30'), { code: 2, err: /--date is a day such as/ });
  t.match(await run('--partner crm --date 2999-01-01'), { code: 2, err: /in the future/ });
  t.match(await run('--partner nobody --date 2026-01-05'), { code: 2, err: /nobody is no partner, neither/ });
  t.match(await run('--partner crm --date 2026-01-05 --csv --json'), { code: 2, err: /not both/ });
  t.match(await run('--partner crm'), { code: 2, err: /Give --partner and --date/ });
});
