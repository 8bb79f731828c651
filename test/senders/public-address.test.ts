import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import t from 'tap';
import { guardedLookup, isPublicAddress, PrivateAddress, requirePublicHost } from '../../src/senders/public-address.ts';

const NOT_PUBLIC = [
  '127.0.0.1',
  '127.8.9.10',
  '0.0.0.0',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '192.0.0.8',
  '198.18.0.1',
  '203.0.113.7',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd12:3456::1',
  'fec0::1',
  'ff02::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::a00:1',
  '2002:a00:1::1',
  '2001:db8::1',
  'nonsense',
];

t.test('only addresses of the public internet are public', async (t) => {
  for (const address of NOT_PUBLIC) t.notOk(isPublicAddress(address), address);
  for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])
    t.ok(isPublicAddress(address), address);
});

const nobody = () => false;

/** Resolves a name to these addresses through the guard, as a connection does. */
function resolved(addresses: readonly string[], allowed: (host: string) => boolean, all: boolean): Promise<unknown> {
  const lookup = ((_host, _options, callback) =>
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as LookupFunction;
  return new Promise((resolve, reject) => {
    guardedLookup(allowed, lookup)('hooks.example', { all }, (error, address, family) =>
      error ? reject(error) : resolve(all ? address : [address, family]),
    );
  });
}

t.test('a name that leads to a private address is refused, also beside a public one', async (t) => {
  for (const all of [true, false]) {
    await t.rejects(resolved(['10.0.0.1'], nobody, all), { code: 'private_address' });
    await t.rejects(resolved(['8.8.8.8', '::1'], nobody, all), { code: 'private_address' });
  }
});

t.test('a name that is public, or that the configuration allows, is resolved', async (t) => {
  t.strictSame(await resolved(['8.8.8.8'], nobody, false), ['8.8.8.8', 4]);
  t.strictSame(await resolved(['8.8.8.8'], nobody, true), [{ address: '8.8.8.8', family: 4 }]);
  t.strictSame(await resolved(['10.0.0.1'], (host) => host === 'hooks.example', false), ['10.0.0.1', 4]);
});

t.test('a host that is written as an address is refused unless the configuration allows it', async (t) => {
  t.throws(() => requirePublicHost('192.168.1.1', nobody), PrivateAddress);
  t.throws(() => requirePublicHost('::1', nobody), PrivateAddress);
  requirePublicHost('192.168.1.1', (host) => host === '192.168.1.1');
  requirePublicHost('8.8.8.8', nobody);
  requirePublicHost('localhost', nobody);
  t.pass('a name is checked when it is resolved');
});
