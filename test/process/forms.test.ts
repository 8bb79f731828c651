import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { leadOf, phoneOf, type Reply, read, send } from '../support/caller.ts';
import { KEYS } from '../support/config/load.ts';
import { storedLeads } from '../support/database.ts';
import { formOf, prove } from '../support/form.ts';
import { startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { startProvider } from '../support/provider.ts';

const PAGE = 'https://dealer.example';

t.setTimeout(90_000);

/** Sites with these forms, on a provider and a database file that outlive the program. */
async function setup(t: Test, forms: Readonly<Record<string, object>>) {
  const provider = await startProvider(t);
  const folder = memoryFolder(t);
  const { UPSTREAM_URL: url, PROVIDER_USERNAME: username, PROVIDER_PASSWORD: password } = provider.env;
  const site = { name: 'Dealer', origins: [PAGE], targets: { advertiserIds: '*' }, country: 'US', provider: 'main' };
  const sites = Object.entries(forms).map(([key, form]) => [key, { ...site, form: { minFillS: 0, ...form } }]);
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      sites: Object.fromEntries(sites),
      providers: { main: { url, providerId: Number(provider.env.PROVIDER_ID), username, password } },
    }),
  );
  const database = join(folder, 'gateway.db');
  const env = { ...KEYS, CONFIG_FILE: join(folder, 'config.json'), DATABASE_URL: `sqlite:${database}` };
  return { provider, database, start: () => startGateway(t, env) };
}

const codeOf = ({ status, body }: Reply): unknown => [status, body.code ?? body.status];

t.test(
  'a token and a proof are good for one lead, also after a crash, and a retry of that lead is no second use',
  async (t) => {
    const { provider, start } = await setup(t, { demo: { token: 'required', proof: 'always' } });
    const first = await start();
    const form = await formOf(first.url, PAGE);
    const evidence = { formToken: form.formToken, proof: await prove(form.challenge) };
    const keyed = { 'idempotency-key': 'click-1' };
    const taken = await send(first.url, leadOf(0, evidence), keyed);
    t.strictSame(codeOf(taken), [201, 'delivered']);
    await first.end('SIGKILL');

    const second = await start();
    const retry = await send(second.url, leadOf(0, evidence), keyed);
    t.strictSame(codeOf(retry), [201, 'delivered']);
    t.equal(retry.headers.get('idempotency-replayed'), 'true');
    t.strictSame(
      codeOf(await send(second.url, leadOf(0), keyed)),
      [201, 'delivered'],
      'the replay needs neither token nor proof',
    );

    t.strictSame(codeOf(await send(second.url, leadOf(1, evidence))), [422, 'form_token_invalid']);
    const fresh = await formOf(second.url, PAGE);
    const newToken = { ...evidence, formToken: fresh.formToken };
    t.strictSame(codeOf(await send(second.url, leadOf(1, newToken))), [422, 'proof_required']);
    const both = { ...newToken, proof: await prove(fresh.challenge) };
    t.strictSame(
      codeOf(await send(second.url, leadOf(1, both))),
      [201, 'delivered'],
      'what was refused used nothing up',
    );
    t.equal((await provider.ofPhone(phoneOf(0))).received, 1);
    t.equal((await provider.ofPhone(phoneOf(1))).received, 1);
  },
);

/** The program of the other tests. Each uses a site and numbers of its own. */
const { provider, database, start } = await setup(t, {
  plain: {},
  adaptive: { proof: 'adaptive', adaptiveAfter: 2 },
  slow: { minFillS: 60 },
});
const { url } = await start();
const statesFrom = (n: number): unknown[] =>
  storedLeads(database)
    .slice(n)
    .map(({ status, attempts }) => [status, attempts]);

t.test('of many simultaneous leads with one form token exactly one is accepted', async (t) => {
  const before = storedLeads(database).length;
  const { formToken } = await formOf(url, PAGE, 'plain');
  const answers = await Promise.all(
    Array.from({ length: 5 }, (_, n) => send(url, leadOf(10 + n, { site: 'plain', formToken }))),
  );
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 422, 422, 422, 422]);
  t.equal(statesFrom(before).length, 1);
});

t.test('after the first leads of an address a proof is required, and a form without a script is held', async (t) => {
  const before = storedLeads(database).length;
  const [site, last, held] = ['adaptive', 22, 23];
  for (const n of [20, 21]) {
    t.notOk((await formOf(url, PAGE, site)).challenge);
    t.strictSame(codeOf(await send(url, leadOf(n, { site }))), [201, 'delivered']);
  }
  t.strictSame(codeOf(await send(url, leadOf(last, { site }))), [422, 'proof_required']);
  const posted = await fetch(`${url}/conversations/form`, {
    method: 'POST',
    headers: { origin: PAGE },
    body: new URLSearchParams({
      site,
      advertiserId: '1659',
      'consumer.phone': `+${phoneOf(held)}`,
      next: '/thanks',
    }),
    redirect: 'manual',
  });
  t.equal(posted.status, 303);
  t.equal(posted.headers.get('location'), `${PAGE}/thanks?text-us=received`);
  const { challenge } = await formOf(url, PAGE, site);
  t.strictSame(codeOf(await send(url, leadOf(last, { site, proof: await prove(challenge) }))), [201, 'delivered']);
  t.strictSame(statesFrom(before), [
    ['delivered', 1],
    ['delivered', 1],
    ['held', 0],
    ['delivered', 1],
  ]);
  t.equal((await provider.ofPhone(phoneOf(held))).received, 0, 'a suspicious lead is not sent');
});

t.test('a lead that was filled in faster than a person can type is answered like any other and is held', async (t) => {
  const { formToken } = await formOf(url, PAGE, 'slow');
  const answer = await send(url, leadOf(30, { site: 'slow', formToken }));
  t.strictSame(codeOf(answer), [202, 'queued']);
  t.strictSame(codeOf(await read(url, String(answer.headers.get('location')))), [200, 'queued']);
  t.equal((await provider.ofPhone(phoneOf(30))).received, 0);
});
