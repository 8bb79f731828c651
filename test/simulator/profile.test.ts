import t from 'tap';
import type { WireProfile } from '../../src/domain/wire.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import type { Profile } from '../../src/simulator/rules.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { account } from '../support/provider/raw-server.ts';
import { EXPECTED, LEAD, profileOf } from '../support/provider/samples.ts';

/** The account of the tests; its password has characters that encoders get wrong. */
const CREDENTIALS = { providerId: 4711, username: 'gateway', password: 'p&ss<word>' };

async function strictSimulator(t: { teardown(run: () => unknown): void }, profile: Profile): Promise<Simulator> {
  const simulator = await startSimulator({ credentials: CREDENTIALS, strict: { profile } });
  t.teardown(() => simulator.close());
  return simulator;
}

/** Sends a lead as the gateway does, and gives what came back. */
async function send(simulator: Simulator, wire: WireProfile, changes = {}) {
  const client = createProviderClient({
    account: () => account({ url: simulator.endpoint }, wire),
    timeoutMs: 5_000,
  });
  try {
    const { outcome, httpStatus } = await client.send({ ...LEAD, ...changes });
    return { httpStatus, ...outcome };
  } finally {
    await client.close();
  }
}

async function newest(simulator: Simulator): Promise<Record<string, unknown> | undefined> {
  const { messages } = (await (await fetch(new URL('/messages', simulator.inboxUrl))).json()) as {
    messages: Record<string, unknown>[];
  };
  return messages.at(-1);
}

for (const [name, { wire }] of Object.entries(EXPECTED)) {
  t.test(`a lead in the profile of ${name} arrives whole at a simulator that takes nothing else`, async (t) => {
    const simulator = await strictSimulator(t, wire as Profile);
    t.match(await send(simulator, profileOf(name)), { class: 'delivered', httpStatus: 200 });
    t.match(await newest(simulator), { question: LEAD.question, firstName: LEAD.firstName });
    t.match((await newest(simulator))?.listing, /EX.*19999\.5/, 'with its listing');
    const failed = await send(simulator, profileOf(name), {
      phone: { e164: '+1404', callingCode: '1', national: '404' },
    });
    t.match(failed, { class: 'rejected', httpStatus: 200 }, 'and a Failure is read');
  });
}

/** A change that a service notices, what the lead becomes then, and why. */
const SOAP = profileOf('soap11.txt');
const PLAIN = profileOf('base-class.xml');
const GROUPS = profileOf('groups.xml');
const elements = (profile: WireProfile) => profile.elements ?? [];

const WRONG: readonly [what: string, right: string, wire: WireProfile, outcome: object][] = [
  [
    'another action',
    'soap11.txt',
    { ...SOAP, soap: { version: '1.1', action: 'urn:x' } },
    { class: 'refused', cause: 'fault_not_processed', httpStatus: 500 },
  ],
  [
    'the other version of SOAP',
    'soap11.txt',
    { ...SOAP, soap: { version: '1.2', action: 'urn:x' }, contentType: 'text/xml' },
    { class: 'refused', cause: 'fault_not_processed' },
  ],
  [
    'no envelope',
    'soap11.txt',
    { root: SOAP.root, order: 'documented', contentType: SOAP.contentType, listingFormat: 'text' },
    { class: 'unknown' },
  ],
  [
    'another operation',
    'soap11.txt',
    { ...SOAP, wrappers: [{ name: 'Stop' }] },
    { class: 'refused', cause: 'fault_not_processed' },
  ],
  [
    'another namespace of the members',
    'soap11.txt',
    { ...SOAP, attributes: { ...SOAP.attributes, 'xmlns:a': 'urn:x' } },
    { class: 'refused' },
  ],
  ['no nil', 'soap11.txt', { ...SOAP, absent: 'omit' }, { class: 'refused' }],
  [
    'another content type',
    'base-class.xml',
    { ...PLAIN, contentType: 'text/xml; charset=utf-8' },
    { class: 'unknown', httpStatus: 415 },
  ],
  [
    'no type of the root',
    'base-class.xml',
    { ...PLAIN, attributes: { 'xmlns:a': PLAIN.attributes?.['xmlns:a'] ?? '' } },
    { class: 'unknown', httpStatus: 400 },
  ],
  ['another root', 'base-class.xml', { ...PLAIN, root: 'b:Other' }, { class: 'unknown', httpStatus: 400 }],
  ['another order', 'base-class.xml', { ...PLAIN, elements: elements(PLAIN).toReversed() }, { class: 'credentials' }],
  [
    'no constant',
    'groups.xml',
    { ...GROUPS, elements: elements(GROUPS).filter(({ name }) => name !== 'Channel') },
    { class: 'refused' },
  ],
  [
    'another constant',
    'groups.xml',
    { ...GROUPS, elements: elements(GROUPS).map((one) => (one.name === 'Channel' ? { ...one, text: 'APP' } : one)) },
    { class: 'refused' },
  ],
  ['no attribute of the root', 'groups.xml', { ...GROUPS, attributes: {} }, { class: 'unknown', httpStatus: 400 }],
];

for (const [what, right, wire, outcome] of WRONG) {
  t.test(`${what} than in ${right} is noticed`, async (t) => {
    const simulator = await strictSimulator(t, EXPECTED[right]?.wire as Profile);
    t.match(await send(simulator, wire), outcome);
    t.equal(await newest(simulator), undefined, 'no conversation is opened');
  });
}

t.test('the profile can be set while it runs, and removed', async (t) => {
  const simulator = await strictSimulator(t, { root: 'Other' });
  const rules = async (body: unknown) => {
    const answer = await fetch(`${simulator.controlUrl}/rules`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, told: (await answer.json()) as { error?: string } };
  };
  const plain = profileOf('plain.xml');
  t.match(await send(simulator, plain), { class: 'unknown', httpStatus: 400 });
  t.equal((await rules({ profile: EXPECTED['plain.xml']?.wire })).status, 200);
  t.match(await send(simulator, plain), { class: 'delivered' });
  t.match(await rules({ profile: 'x' }), { status: 400, told: { error: /^profile: the wire object/ } });
  t.match(await rules({ profile: { soap: { version: '2' } } }), { status: 400, told: { error: /soap\.version/ } });
  t.equal((await rules({ profile: null, root: 'Other' })).status, 200);
  t.match(await send(simulator, { ...plain, root: 'Other' }), { class: 'delivered' });
});
