import t from 'tap';
import type { Lead } from '../../src/domain/lead.ts';
import { networksAbove } from '../../src/http/limits/address.ts';
import { capsFor, createHashing, type DailyMaxima, identify } from '../../src/leads/hashing.ts';
import { lead } from '../support/lead.ts';
import { newLead, sqliteOutbox } from '../support/outbox.ts';

const hashing = createHashing(Buffer.alloc(32, 7));
const phone = hashing.phone('+14045551212');

/** What databases hold. Another value here, and they forget every suppression, cap and request. */
const KEPT: Readonly<Record<string, readonly [hash: Buffer, hex: string]>> = {
  phone: [phone, 'db63089e77b13dc4980c2760319264f5'],
  phoneCap: [hashing.phoneCap('demo', phone), 'f2fe1edac379c4f2b0bddf8525ff3e5bdb63089e77b13dc4980c2760319264f5'],
  phoneTotalCap: [hashing.phoneTotalCap(phone), '0746a383ec535bbf1ac6f48b2dfb4d71db63089e77b13dc4980c2760319264f5'],
  siteCap: [hashing.siteCap('demo'), 'f2fe1edac379c4f2b0bddf8525ff3e5b'],
  visitorCap: [hashing.visitorCap('demo', '203.0.113.9'), '83824b5c6990739b0399d27041bffbce'],
  idempotencyKey: [hashing.idempotencyKey('visitor:demo', 'k-1'), '08237cbff035446584dac7a48a1b23fc'],
  keylessRequest: [hashing.keylessRequest('visitor:demo', '203.0.113.9', lead()), '07edbc669bdf5835972ac388032df751'],
  fingerprint: [hashing.fingerprint(lead()), 'f35a83c1efd662e23f814f08d318acc0'],
  check: [hashing.check(), 'e7f13184d523951d777138efc35b2d71'],
};

for (const [name, [hash, hex]] of Object.entries(KEPT)) {
  t.test(`${name} has not changed for this key`, async (t) => t.equal(hash.toString('hex'), hex));
}

t.test('the hash of credentials has not changed for this key', async (t) => {
  t.equal(hashing.credentials({ providerId: 1001, username: 'ann', password: 'word' }), 'WiNSVS4J7h1OZCVKmxZxhg');
});

t.test(
  'an Argentine number has one hash with and without its 9, so that caps, suppression and erasure find both',
  async (t) => {
    const { phone } = createHashing(Buffer.alloc(32, 7));
    t.strictSame(phone('+5491123456789'), phone('+541123456789'));
  },
);

const MAXIMA: DailyMaxima = { phone: 5, phoneTotal: 10, site: 2_000, visitor: 50 };

function caps(kind: 'visitor' | 'partner', address: string, maxima: Partial<DailyMaxima> = {}) {
  const requester = { kind, id: 'demo', address, networks: networksAbove(address) };
  return capsFor(hashing, { ...MAXIMA, ...maxima }, lead(), phone, requester);
}

const maximaOf = (...args: Parameters<typeof caps>) => caps(...args).map(({ kind, max }) => [kind, max]);
const OF_NUMBER_AND_SITE = [
  ['phone', 5],
  ['phone_total', 10],
  ['site', 2_000],
];

t.test(
  'the maxima of an address and of the networks above it grow with their size, and are tested first',
  async (t) => {
    t.strictSame(maximaOf('visitor', '192.0.2.1'), [['visitor', 50], ['visitor', 800], ...OF_NUMBER_AND_SITE]);
    t.strictSame(maximaOf('visitor', '2001:db8:1:2::'), [
      ['visitor', 50],
      ['visitor', 200],
      ['visitor', 800],
      ...OF_NUMBER_AND_SITE,
    ]);
  },
);

t.test('a lead of a partner is not counted by address', async (t) => {
  t.strictSame(maximaOf('partner', '192.0.2.1'), OF_NUMBER_AND_SITE);
});

t.test('a network has at most half of the cap of a site, and never less than one visitor', async (t) => {
  t.strictSame(maximaOf('visitor', '2001:db8::', { site: 300 }).slice(0, 3), [
    ['visitor', 50],
    ['visitor', 150],
    ['visitor', 150],
  ]);
  t.strictSame(maximaOf('visitor', '192.0.2.1', { site: 20 }).slice(0, 2), [
    ['visitor', 50],
    ['visitor', 50],
  ]);
});

t.test('one network cannot use up the cap of a site, whatever addresses of it are used', async (t) => {
  const outbox = sqliteOutbox(t)();
  t.teardown(() => outbox.close());
  const maxima = { phone: 1_000, phoneTotal: 1_000, site: 40, visitor: 2 };
  const send = async (address: string) => {
    const accepted = await outbox.accept(newLead({ caps: caps('visitor', address, maxima) }), 1_000);
    return accepted.kind === 'stored' ? accepted.conversation.status : accepted.kind;
  };
  for (const network of ['203.0.113.', '2001:db8:1:']) {
    const addresses = Array.from({ length: 60 }, (_, n) => (network.includes(':') ? `${network}${n}::` : network + n));
    const answers: string[] = [];
    for (const address of addresses) answers.push(await send(address));
    const most = network.includes(':') ? 8 : 20;
    t.strictSame(answers, [...Array(most).fill('queued'), ...Array(60 - most).fill('over')], network);
  }
  t.equal(await send('198.51.100.7'), 'queued', 'a visitor from elsewhere');
});

t.test('a test shares no identity and no counter with a real request that is otherwise the same', async (t) => {
  const ofTest = lead({ provider: 'test:default' });
  for (const kind of ['visitor', 'partner'] as const) {
    for (const idempotencyKey of [undefined, 'order-4711']) {
      const requester = { kind, id: 'demo', address: '192.0.2.1', ...(idempotencyKey && { idempotencyKey }) };
      const real = identify(hashing, lead(), requester, 0);
      const test = identify(hashing, ofTest, { ...requester, test: true }, 0);
      t.notSame(test.request.key, real.request.key, `${kind} ${idempotencyKey}`);
    }
    const requester = { kind, id: 'demo', address: '192.0.2.1', networks: networksAbove('192.0.2.1') };
    const keysOf = (content: Lead) =>
      capsFor(hashing, MAXIMA, content, phone, requester).map(({ key }) => Buffer.from(key).toString('hex'));
    const real = new Set(keysOf(lead()));
    t.notOk(keysOf(ofTest).some((key) => real.has(key)));
    t.equal(new Set(keysOf(ofTest)).size, real.size);
  }
});
