import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { nodeCommand } from '../support/node-command.ts';
import { call, control, documentOf, LEAD, messagesOf, simulatorFor, totalsOf } from '../support/simulator/harness.ts';

const SUCCESS =
  '<MobileTextConnectResponse xmlns:i="http://www.w3.org/2001/XMLSchema-instance">' +
  '<Status>Success</Status><Description i:nil="true"/></MobileTextConnectResponse>';

t.test('a good lead opens a conversation that holds every field as it was sent', async (t) => {
  const simulator = await simulatorFor(t, { now: () => Date.UTC(2026, 10, 24, 9) });
  const question = 'Deux mots: <b>&amp;</b> "ça va" 🚗\nמה נשמע';
  const reply = await call(simulator.endpoint, documentOf({ ...LEAD, ConsumerQuestion: question }));

  t.equal(reply.status, 200);
  t.equal(reply.headers['content-type'], 'application/xml; charset=utf-8');
  t.equal(reply.body.toString(), SUCCESS);
  const [message] = await messagesOf(simulator);
  t.match(message?.fingerprint, /^[0-9a-f]{16}$/);
  t.strictSame(
    { ...message, fingerprint: '' },
    {
      id: 1,
      at: '2026-11-24T09:00:00.000Z',
      fingerprint: '',
      providerId: 1001,
      userName: 'demo',
      advertiserId: '1659',
      placementId: 7,
      listing: 'Year: 2019; Make: Honda',
      phone: '4045551212',
      countryCode: '1',
      firstName: 'Ann',
      lastName: "O'Neil",
      question,
      fault: 'delivered',
      got: true,
      durationMs: 0,
    },
  );
});

t.test('a page of another name that points to this machine reads and changes nothing', async (t) => {
  const { inboxUrl, endpoint } = await simulatorFor(t);
  const statusOf = async (host: string, path: string) => {
    const { port } = new URL(inboxUrl);
    const [answer] = await once(
      get({ host: '127.0.0.1', port, path, headers: { host: `${host}:${port}` } }),
      'response',
    );
    answer.resume();
    return answer.statusCode;
  };
  for (const path of ['/', '/control/messages', '/inbox.js']) {
    for (const host of ['rebound.example', '127.0.0.1.rebound.example', 'localhost.rebound.example', '']) {
      t.equal(await statusOf(host, path), 403, `${host} ${path}`);
    }
    for (const host of ['127.0.0.1', 'localhost', 'demo.localhost', '[::1]', 'gateway']) {
      t.not(await statusOf(host, path), 403, `${host} ${path}`);
    }
  }
  const call = new URL(endpoint).pathname;
  t.equal(await statusOf('provider.example', call), 405, 'the endpoint itself may be called by any name');
});

t.test(
  'a merchant id is accepted instead of an advertiser id, and optional members may be absent or nil',
  async (t) => {
    const simulator = await simulatorFor(t);
    const body = documentOf({
      ProviderId: '1001',
      UserName: 'demo',
      Password: 'demo-password',
      MerchantId: '42',
      ConsumerPhoneNumber: '4045551212',
      ConsumerPhoneNumberCountryCode: '1',
    }).replace(
      '</MobileTextConnectRequest>',
      '<PlacementId xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/></MobileTextConnectRequest>',
    );
    t.equal((await call(simulator.endpoint, body)).body.toString(), SUCCESS);
    const [message] = await messagesOf(simulator);
    t.equal(message?.merchantId, 42);
    for (const absent of ['advertiserId', 'placementId', 'listing', 'firstName', 'lastName', 'question'])
      t.notOk(absent in (message ?? {}), `${absent} is absent`);
  },
);

t.test(
  'a request that the service cannot accept is answered Failure with the reason, and is not counted as received',
  async (t) => {
    const simulator = await simulatorFor(t);
    const cases: [changes: Record<string, string | undefined>, description: string][] = [
      [{ ProviderId: undefined }, 'ProviderId is required.'],
      [{ UserName: undefined }, 'UserName is required.'],
      [{ Password: ' ' }, 'Password is required.'],
      [{ ProviderId: '1002' }, 'Invalid provider credentials.'],
      [{ UserName: 'Demo' }, 'Invalid provider credentials.'],
      [{ Password: 'demo-password ' }, 'Invalid provider credentials.'],
      [{ ConsumerPhoneNumber: undefined }, 'ConsumerPhoneNumber is required.'],
      [{ ConsumerPhoneNumber: '+14045551212' }, 'ConsumerPhoneNumber is not a valid phone number.'],
      [{ ConsumerPhoneNumberCountryCode: undefined }, 'ConsumerPhoneNumberCountryCode is required.'],
      [{ ConsumerPhoneNumberCountryCode: 'US' }, 'ConsumerPhoneNumberCountryCode is not a valid country code.'],
      [{ AdvertiserId: undefined }, 'Either MerchantId or AdvertiserId is required.'],
      [{ AdvertiserId: '' }, 'Either MerchantId or AdvertiserId is required.'],
      [{ MerchantId: '42' }, 'Specify either MerchantId or AdvertiserId, not both.'],
      [{ MerchantId: '42', AdvertiserId: '' }, 'Specify either MerchantId or AdvertiserId, not both.'],
    ];
    for (const [changes, description] of cases) {
      const reply = await call(simulator.endpoint, documentOf({ ...LEAD, ...changes }));
      t.equal(reply.status, 200);
      t.match(reply.body.toString(), `<Status>Failure</Status><Description>${description}</Description>`, description);
    }
    t.match(await totalsOf(simulator), { calls: cases.length, received: 0, got: 0, byFault: {} });
    t.strictSame(await messagesOf(simulator), []);
  },
);

t.test(
  'a request that the service cannot read is answered 400 with a page, and is not counted as received',
  async (t) => {
    const simulator = await simulatorFor(t);
    const good = documentOf(LEAD);
    const cases: Record<string, string | Buffer> = {
      'an empty body': '',
      'a body that is cut off': good.slice(0, -20),
      'two documents': good + good,
      'text behind the document': `${good}x`,
      'another root': good.replaceAll('MobileTextConnectRequest', 'Request'),
      'a DOCTYPE': `<?xml version="1.0"?><!-- a --><!DOCTYPE a>${good}`,
      'an undefined entity': good.replace('Ann', '&name;'),
      'an unbound prefix': good.replaceAll('ConsumerFirstName', 'x:ConsumerFirstName'),
      JSON: '{}',
      'broken UTF-8': Buffer.from(good.replace('Ann', '\u00c3\u0028'), 'latin1'),
      'an element in a text': good.replace('Ann', '<b/>'),
      'an Int of letters': documentOf({ ...LEAD, ProviderId: 'abc' }),
      'an empty Int': documentOf({ ...LEAD, PlacementId: '' }),
      'an Int with a fraction': documentOf({ ...LEAD, PlacementId: '1.0' }),
      'an Int of 33 bits': documentOf({ ...LEAD, PlacementId: '2147483648' }),
    };
    for (const [name, body] of Object.entries(cases)) {
      const reply = await call(simulator.endpoint, body);
      t.equal(reply.status, 400, name);
      t.match(reply.headers['content-type'], 'text/html', name);
      t.match(reply.body.toString(), '<title>Request Error</title>', name);
    }
    t.match(await totalsOf(simulator), { calls: Object.keys(cases).length, received: 0 });
  },
);

t.test('other methods, media types, charsets, encodings and sizes are refused by the host', async (t) => {
  const simulator = await simulatorFor(t);
  const status = async (headers: Record<string, string>, body: string | Buffer = documentOf(LEAD)) =>
    (await call(simulator.endpoint, body, { headers })).status;

  const get = await call(simulator.endpoint, '', { method: 'GET' });
  t.equal(get.status, 405);
  t.equal(get.headers.allow, 'POST');
  t.equal(await status({ 'content-type': 'text/xml' }), 200);
  t.equal(await status({ 'content-type': 'Application/XML; Charset="UTF-8"' }), 200);
  t.equal(await status({ 'content-type': 'application/json' }), 415);
  t.equal(await status({}), 415);
  t.equal(await status({ 'content-type': 'text/xml; charset=iso-8859-1' }), 415);
  t.equal(await status({ 'content-type': 'text/xml', 'content-encoding': 'gzip' }), 415);
  const large = await call(simulator.endpoint, Buffer.alloc(1024 * 1024 + 1, ' '));
  t.ok(large.status === 413 || large.failure !== undefined, 'a body above 1 MiB is refused, at the latest by a reset');
  t.match(await totalsOf(simulator), { received: 2 });
});

t.test('credentials can be rotated while it runs', async (t) => {
  const simulator = await simulatorFor(t, { credentials: { providerId: 5, username: 'old', password: 'first' } });
  const as = async (username: string, password: string) => {
    const body = documentOf({ ...LEAD, ProviderId: '5', UserName: username, Password: password });
    return /<Status>(\w+)/.exec((await call(simulator.endpoint, body)).body.toString())?.[1];
  };
  t.equal(await as('old', 'first'), 'Success');
  const { status, told } = await control(simulator, 'POST', '/control/credentials', {
    providerId: 5,
    username: 'old',
    password: 'second',
  });
  t.equal(status, 200);
  t.strictSame(told.credentials, { providerId: 5, username: 'old' }, 'the password is not shown');
  t.equal(await as('old', 'first'), 'Failure');
  t.equal(await as('old', 'second'), 'Success');
});

const NAMESPACE = 'http://schemas.datacontract.org/2004/07/Example';
const sorted = () => Object.fromEntries(Object.entries(LEAD).sort(([a], [b]) => (a < b ? -1 : 1)));
const statusIn = (body: Buffer) => /<Status>(\w+)/.exec(body.toString())?.[1];

t.test('any order of elements is accepted unless a rule asks for one', async (t) => {
  const simulator = await simulatorFor(t);
  const reversed = Object.fromEntries(Object.entries(LEAD).reverse());
  t.equal(statusIn((await call(simulator.endpoint, documentOf(reversed))).body), 'Success');
});

t.test('with a rule for the order, an element out of order is silently ignored', async (t) => {
  const documented = await simulatorFor(t, { strict: { order: 'documented' } });
  const alphabetical = await simulatorFor(t, { strict: { order: 'alphabetical' } });
  t.equal(statusIn((await call(documented.endpoint, documentOf(LEAD))).body), 'Success');
  t.equal(statusIn((await call(alphabetical.endpoint, documentOf(sorted()))).body), 'Success');
  t.match((await call(documented.endpoint, documentOf(sorted()))).body.toString(), 'ProviderId is required.');
  t.match((await call(alphabetical.endpoint, documentOf(LEAD))).body.toString(), /is required\./);

  const { PlacementId, ...rest } = LEAD;
  const late = documentOf({ ...rest, PlacementId });
  t.equal(
    statusIn((await call(documented.endpoint, late)).body),
    'Success',
    'an optional element out of order is no error',
  );
  const [inPlace, passedOver] = await messagesOf(documented);
  t.equal(inPlace?.placementId, 7);
  t.notOk('placementId' in (passedOver ?? {}), 'but its value is ignored');
});

t.test('of a repeated element the first counts', async (t) => {
  const simulator = await simulatorFor(t);
  const twice = documentOf(LEAD).replace('</MobileTextConnectRequest>', '<ConsumerQuestion>2</ConsumerQuestion>$&');
  await call(simulator.endpoint, twice);
  t.match(await messagesOf(simulator), [{ question: LEAD.ConsumerQuestion }]);
});

t.test('with namespaceSensitive, a wrong namespace reads as all fields missing', async (t) => {
  const simulator = await simulatorFor(t, { strict: { namespaceSensitive: true, namespace: NAMESPACE } });
  const send = async (attributes: string, members: Record<string, string> = LEAD) =>
    (await call(simulator.endpoint, documentOf(members, attributes))).body.toString();
  t.match(await send(` xmlns="${NAMESPACE}"`), 'Success');
  t.match(await send(''), 'ProviderId is required.');
  t.match(await send(' xmlns="http://schemas.datacontract.org/2004/07/Other"'), 'ProviderId is required.');

  const prefixed = documentOf(LEAD, ` xmlns:p="${NAMESPACE}"`).replace(/<(\/?)(\w)/g, '<$1p:$2');
  t.match((await call(simulator.endpoint, prefixed)).body.toString(), 'Success', 'with any prefix');
});

t.test('with namespaceSensitive and no namespace, a namespace reads as all fields missing', async (t) => {
  const simulator = await simulatorFor(t, { strict: { namespaceSensitive: true } });
  const send = async (attributes: string) =>
    (await call(simulator.endpoint, documentOf(LEAD, attributes))).body.toString();
  t.match(await send(''), 'Success');
  t.match(await send(` xmlns="${NAMESPACE}"`), 'ProviderId is required.');
});

t.test('a rule can require text/xml, and another root', async (t) => {
  const simulator = await simulatorFor(t, { strict: { textXmlOnly: true, root: 'Initiate' } });
  const body = documentOf(LEAD).replaceAll('MobileTextConnectRequest', 'Initiate');
  t.equal((await call(simulator.endpoint, body)).status, 415);
  const reply = await call(simulator.endpoint, body, { headers: { 'content-type': 'text/xml; charset=utf-8' } });
  t.equal(statusIn(reply.body), 'Success');
});

t.test('the rules can be changed while it runs', async (t) => {
  const simulator = await simulatorFor(t);
  const { told } = await control(simulator, 'POST', '/control/rules', { order: 'alphabetical' });
  t.match(told.rules, { order: 'alphabetical', root: 'MobileTextConnectRequest', textXmlOnly: false });
  t.match((await call(simulator.endpoint, documentOf(LEAD))).body.toString(), /is required\./);
});

const MAIN = path.join(import.meta.dirname, '../../src/simulator/main.ts');

function start(t: Test, env: Record<string, string>) {
  const child = spawn(...nodeCommand(MAIN), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  return { child, exit };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`the program prints its addresses in three lines and stops at once on ${signal}`, async (t) => {
    const { child, exit } = start(t, {
      SIMULATOR_PORT: '0',
      SIMULATOR_PROVIDER_ID: '7',
      SIMULATOR_USERNAME: 'ann',
      SIMULATOR_PASSWORD: 'canary-secret',
    });
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      if (lines.length === 3) break;
    }
    t.match(lines[0], /^Provider {2}http:\/\/127\.0\.0\.1:\d+\/MobileTextConnectRestService\.svc\/Initiate/);
    t.equal(lines[1], 'Accepts   provider 7, user ann');
    t.match(lines[2], /^Inbox {5}http:\/\/127\.0\.0\.1:\d+\/$/);
    t.notMatch(lines.join(), 'canary-secret');

    const endpoint = String(lines[0]?.split(/\s+/)[1]);
    const lead = { ...LEAD, ProviderId: '7', UserName: 'ann', Password: 'canary-secret' };
    t.match((await call(endpoint, documentOf(lead))).body.toString(), '<Status>Success</Status>');
    const hanging = call(endpoint, documentOf({ ...lead, ConsumerPhoneNumber: '4045552070' }));
    child.kill(signal);
    t.strictSame(await exit, [0, null], 'a call in flight does not delay it');
    t.ok((await hanging).failure);
  });
}

t.test('a start that fails prints one line and exits 1', async (t) => {
  const taken = new URL((await simulatorFor(t)).endpoint).port;
  const cases: [env: Record<string, string>, said: RegExp][] = [
    [{ SIMULATOR_PORT: taken }, /^The simulator cannot start: listen EADDRINUSE.*\n$/],
    [{ SIMULATOR_PORT: '80x' }, /^The simulator cannot start: SIMULATOR_PORT must be an integer from 0 to 65535\n$/],
    [{ SIMULATOR_PORT: '0', SIMULATOR_PROVIDER_ID: '-1' }, /^The simulator cannot start: SIMULATOR_PROVIDER_ID must/],
  ];
  for (const [env, said] of cases) {
    const { child, exit } = start(t, env);
    t.match(await text(child.stderr), said);
    t.strictSame(await exit, [1, null]);
  }
});
