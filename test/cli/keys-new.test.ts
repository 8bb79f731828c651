import { createHash } from 'node:crypto';
import t from 'tap';
import { createPartnerCheck } from '../../src/admission/partner.ts';
import { keyHashBytes } from '../../src/config/formats/formats.ts';
import { type } from './support/terminal.ts';

t.test('a new key lets its partner in by the hash that goes into the configuration', async (t) => {
  const { code, out } = await type('keys new --json');
  t.equal(code, 0);
  const { key, hash } = JSON.parse(out);
  t.match(key, /^tcg_[A-Za-z0-9_-]{43}$/);
  t.equal(hash, `sha256:${createHash('sha256').update(key).digest('hex')}`);
  const partner = { id: 'acme', keyHashes: [keyHashBytes(hash)], sites: '*', rate: { max: 1, windowS: 1 } } as const;
  t.equal(createPartnerCheck(new Map([['acme', partner]]))(`Bearer ${key}`).id, 'acme');
});

t.test('for people the key and its hash are two lines, and a warning that it is shown once', async (t) => {
  const { out, err } = await type('keys new');
  t.match(out, /^key {3}tcg_\S+\nhash {2}sha256:[0-9a-f]{64}\n$/);
  t.match(err, /cannot be shown again/);
});

t.test('keys of the gateway itself are 32 bytes, ready to paste', async (t) => {
  for (const [option, setting] of [
    ['data', 'DATA_KEY'],
    ['hash', 'HASH_KEY'],
  ]) {
    const { out, err } = await type(`keys new --${option}`);
    const [, name, key = ''] = /^(\w+)=(\S+)\n$/.exec(out) ?? [];
    t.equal(name, setting);
    t.equal(Buffer.from(key, 'base64').length, 32);
    t.equal(err, '');
    t.strictSame(JSON.parse((await type(`keys new --${option} --json`)).out), { setting, key });
  }
  t.equal((await type('keys new --data --hash')).code, 2);
});
