import t from 'tap';
import { createHashing } from '../../src/leads/hashing.ts';
import { lead } from '../support/lead.ts';

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
