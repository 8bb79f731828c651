import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { leadOf, phoneOf, type Reply, read, send } from '../support/caller.ts';
import { KEYS } from '../support/config/load.ts';
import { storedLeads } from '../support/database.ts';
import { formOf as pageForm, prove } from '../support/form.ts';
import { startGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';

const PAGE = 'https://dealer.example';

t.setTimeout(90_000);

/** One site with a form as the test says, on a provider and a database file that outlive the program. */
async function setup(t: Test, form: object) {
  const provider = await startProvider(t);
  const folder = t.testdir();
  const { UPSTREAM_URL: url, PROVIDER_USERNAME: username, PROVIDER_PASSWORD: password } = provider.env;
  const site = {
    name: 'Dealer',
    origins: [PAGE],
    targets: { advertiserIds: '*' },
    country: 'US',
    provider: 'main',
    form: { minFillS: 0, ...form },
  };
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      sites: { demo: site },
      providers: { main: { url, providerId: Number(provider.env.PROVIDER_ID), username, password } },
    }),
  );
  const database = join(folder, 'gateway.db');
  const env = { ...KEYS, CONFIG_FILE: join(folder, 'config.json'), DATABASE_URL: `sqlite:${database}` };
  return { provider, database, start: () => startGateway(t, env) };
}

const formOf = (url: string) => pageForm(url, PAGE);
const codeOf = ({ status, body }: Reply): unknown => [status, body.code ?? body.status];

t.test(
  'a token and a proof are good for one lead, also after a crash, and a retry of that lead is no second use',
  async (t) => {
    const { provider, start } = await setup(t, { token: 'required', proof: 'always' });
    const first = await start();
    const form = await formOf(first.url);
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
    const fresh = await formOf(second.url);
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

t.test('of many simultaneous leads with one form token exactly one is accepted', async (t) => {
  const { database, start } = await setup(t, {});
  const { url } = await start();
  const { formToken } = await formOf(url);
  const answers = await Promise.all(Array.from({ length: 5 }, (_, n) => send(url, leadOf(n, { formToken }))));
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 422, 422, 422, 422]);
  t.equal(storedLeads(database).length, 1);
});

t.test('after the first leads of an address a proof is required, and a form without a script is held', async (t) => {
  const { provider, database, start } = await setup(t, { proof: 'adaptive', adaptiveAfter: 2 });
  const { url } = await start();
  for (const n of [0, 1]) {
    t.notOk((await formOf(url)).challenge);
    t.strictSame(codeOf(await send(url, leadOf(n))), [201, 'delivered']);
  }
  t.strictSame(codeOf(await send(url, leadOf(2))), [422, 'proof_required']);
  const posted = await fetch(`${url}/conversations/form`, {
    method: 'POST',
    headers: { origin: PAGE },
    body: new URLSearchParams({
      site: 'demo',
      advertiserId: '1659',
      'consumer.phone': `+${phoneOf(3)}`,
      next: '/thanks',
    }),
    redirect: 'manual',
  });
  t.equal(posted.status, 303);
  t.equal(posted.headers.get('location'), `${PAGE}/thanks?text-us=received`);
  const { challenge } = await formOf(url);
  t.strictSame(codeOf(await send(url, leadOf(2, { proof: await prove(challenge) }))), [201, 'delivered']);
  t.strictSame(
    storedLeads(database).map(({ status, attempts }) => [status, attempts]),
    [
      ['delivered', 1],
      ['delivered', 1],
      ['held', 0],
      ['delivered', 1],
    ],
  );
  t.equal((await provider.ofPhone(phoneOf(3))).received, 0, 'a suspicious lead is not sent');
});

t.test('a lead that was filled in faster than a person can type is answered like any other and is held', async (t) => {
  const { provider, start } = await setup(t, { minFillS: 60 });
  const { url } = await start();
  const { formToken } = await formOf(url);
  const answer = await send(url, leadOf(0, { formToken }));
  t.strictSame(codeOf(answer), [202, 'queued']);
  t.strictSame(codeOf(await read(url, String(answer.headers.get('location')))), [200, 'queued']);
  t.equal((await provider.ofPhone(phoneOf(0))).received, 0);
});
