import t, { type Test } from 'tap';
import { addressKey, createProxyTest, networksAbove } from '../../../src/http/limits/address.ts';
import { testApp } from '../../support/http/app.ts';

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

t.test('an address is counted as IPv4 or as its IPv6 /64; an invalid one is replaced by the peer’s', async (t) => {
  for (const [claimed, key] of KEYS) t.equal(addressKey(claimed, SOCKET), key, `"${claimed}"`);
});

t.test(
  'the networks of an IPv4 address are its /24, those of an IPv6 /64 its /56 and /48; text has none',
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

t.test('a proxy is trusted if its address is in one of the blocks, also with a port', async (t) => {
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

type Visit = { readonly from: string; readonly forwarded?: string; readonly browser?: string };

/** The warnings that are logged during these requests. */
async function warnings(t: Test, trustProxy: readonly string[], visits: readonly Visit[]) {
  const { app, log } = await testApp(t, { settings: { trustProxy } });
  for (const { from, forwarded, browser } of visits) {
    const headers = {
      ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
      ...(browser !== undefined && { 'user-agent': browser, origin: 'https://motors.example' }),
    };
    const { statusCode } = await app.inject({ method: 'GET', url: '/healthz', remoteAddress: from, headers });
    t.equal(statusCode, 200);
  }
  return log().filter(({ event }) => event === 'proxy_not_trusted');
}

for (const from of [
  '127.0.0.1',
  '::1',
  '10.1.2.3',
  '172.17.0.1',
  '192.168.0.9',
  '100.64.0.1',
  'fd00::1',
  '::ffff:172.17.0.1',
]) {
  t.test(`X-Forwarded-For from ${from}, which TRUST_PROXY lacks, causes one warning`, async (t) => {
    const visit = { from, forwarded: '203.0.113.7' };
    const found = await warnings(t, [], [visit, visit, { ...visit, forwarded: '203.0.113.8' }]);
    t.match(found, [{ level: 40, msg: /TRUST_PROXY/ }]);
    t.equal(found.length, 1);
  });
}

t.test('an unlisted proxy in front of a listed one causes a warning', async (t) => {
  const found = await warnings(t, ['10.0.0.1'], [{ from: '10.0.0.1', forwarded: '203.0.113.7, 172.28.71.1' }]);
  t.equal(found.length, 1);
  t.notMatch(JSON.stringify(found), /203\.0\.113\.7|172\.28\.71\.1/, 'no address is logged');
});

t.test('no warning is logged if every entry is trusted, or none was sent', async (t) => {
  t.strictSame(
    await warnings(
      t,
      ['10.0.0.1', '10.0.0.2'],
      [
        { from: '10.0.0.1' },
        { from: '10.0.0.1', forwarded: '' },
        { from: '10.0.0.1', forwarded: '203.0.113.7' },
        { from: '10.0.0.1', forwarded: '192.168.0.9' },
        { from: '10.0.0.1', forwarded: '203.0.113.7, 10.0.0.2' },
        { from: '10.0.0.1', forwarded: '10.0.0.2' },
      ],
    ),
    [],
  );
});

t.test('a forged header from a public address causes no warning', async (t) => {
  const forged = '203.0.113.7';
  t.strictSame(await warnings(t, [], [{ from: '198.51.100.4', forwarded: forged }]), []);
  t.strictSame(await warnings(t, ['10.0.0.1'], [{ from: '10.0.0.1', forwarded: `${forged}, 198.51.100.4` }]), []);
});

t.test('a public address that sends X-Forwarded-For for ten visitors causes one warning', async (t) => {
  const visits = Array.from({ length: 30 }, (_, n) => ({
    from: '198.51.100.4',
    forwarded: `192.0.2.9, 203.0.113.${n}`,
  }));
  t.strictSame(await warnings(t, [], visits.slice(0, 9)), []);
  t.match(await warnings(t, [], visits), [{ msg: /for many different visitors, and TRUST_PROXY does not list it/ }]);
  t.equal((await warnings(t, [], visits)).length, 1);
  const spread = visits.map((visit, n) => ({ ...visit, from: `198.51.100.${n}` }));
  t.strictSame(await warnings(t, [], spread), [], 'ten addresses with one forged entry each');
});

t.test('ten browsers behind one private address without X-Forwarded-For cause a warning', async (t) => {
  const visits = Array.from({ length: 10 }, (_, n) => ({ from: '172.17.0.1', browser: `Browser/${n}` }));
  t.match(await warnings(t, [], visits), [{ msg: /without X-Forwarded-For.*let it send that header/ }]);
  t.strictSame(await warnings(t, [], visits.slice(1)), []);
  const visitors = visits.map((visit) => ({ ...visit, from: '203.0.113.7' }));
  t.strictSame(await warnings(t, [], visitors), [], 'an office behind a public address');
  const probes = Array.from({ length: 10 }, () => ({ from: '172.17.0.1', browser: 'one/1.0' }));
  t.strictSame(await warnings(t, [], probes), []);
});
