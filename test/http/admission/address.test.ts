import t from 'tap';
import { addressKey, createProxyTest, networksAbove } from '../../../src/http/limits/address.ts';

const SOCKET = '192.0.2.1';

const KEYS: readonly [claimed: string, key: string][] = [
  ['203.0.113.9', '203.0.113.9'],
  ['203.0.113.9:5678', '203.0.113.9'],
  [' 203.0.113.9 ', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::ffff:cb00:7109', '203.0.113.9'],
  ['[::ffff:203.0.113.9]:5678', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::'],
  ['[2001:db8:1:2::9]', '2001:db8:1:2::'],
  ['[2001:db8:1:2::9]:5678', '2001:db8:1:2::'],
  ['2001:db8:1:3::9', '2001:db8:1:3::'],
  ['::1', '::'],
  ['', SOCKET],
  ['unknown', SOCKET],
  ['_hidden', SOCKET],
  ['203.0.113', SOCKET],
  ['203.0.113.999', SOCKET],
  ['203.0.113.9:port', SOCKET],
  ['203.0.113.9:123456', SOCKET],
  ['[203.0.113.9', SOCKET],
  ['2001:db8::1::2', SOCKET],
  ['<script>', SOCKET],
];

t.test('an address is counted as IPv4 or as the /64 of IPv6, and garbage as the peer that sent it', async (t) => {
  for (const [claimed, key] of KEYS) t.equal(addressKey(claimed, SOCKET), key, `"${claimed}"`);
});

t.test(
  'above an IPv4 address is its /24, above an IPv6 /64 its /56 and its /48, and above garbage nothing',
  async (t) => {
    t.strictSame(networksAbove('203.0.113.9'), [{ prefix: 24, name: '203.0.113.0/24' }]);
    t.strictSame(networksAbove('2001:db8:1:2f3::'), [
      { prefix: 56, name: '2001:db8:1:200::/56' },
      { prefix: 48, name: '2001:db8:1::/48' },
    ]);
    t.strictSame(networksAbove('2001:db8:1:2ff::'), networksAbove('2001:db8:1:200::'));
    t.strictSame(networksAbove('::'), [
      { prefix: 56, name: '::/56' },
      { prefix: 48, name: '::/48' },
    ]);
    t.strictSame(networksAbove('garbage'), []);
  },
);

t.test('a proxy is ours when its address is in one of the blocks, also with a port', async (t) => {
  const ours = createProxyTest(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);
  for (const address of [
    '10.1.2.3',
    '10.1.2.3:80',
    '::ffff:10.1.2.3',
    '192.0.2.7',
    '2001:db8:9::1',
    '[2001:db8::1]:80',
  ]) {
    t.equal(ours(address), true, address);
  }
  for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '', 'garbage', '10.1.2.3.4', '10.1.2.3, 10.1.2.4']) {
    t.equal(ours(address), false, address);
  }
});
