import { hash } from 'node:crypto';
import t from 'tap';
import type { Partner } from '../../../src/domain/site.ts';
import { createPartnerCheck } from '../../../src/http/access.ts';

function partner(id: string, ...keys: string[]): Partner {
  return {
    id,
    keyHashes: keys.map((key) => hash('sha256', key, 'buffer')),
    sites: '*',
    rate: { max: 10, windowS: 60 },
  };
}

const partnerOf = createPartnerCheck(
  new Map([partner('acme', 'old-key', 'new-key'), partner('other', 'b64+/~key==')].map((each) => [each.id, each])),
);

t.test('each valid key of a partner is the partner’s', async (t) => {
  t.equal(partnerOf('Bearer old-key').id, 'acme');
  t.equal(partnerOf('Bearer new-key').id, 'acme');
  t.equal(partnerOf('Bearer b64+/~key==').id, 'other');
});

t.test('the scheme is read in any case, and with more than one space', async (t) => {
  t.equal(partnerOf('bearer old-key').id, 'acme');
  t.equal(partnerOf('BEARER   old-key').id, 'acme');
});

t.test('anything else is refused without quoting it', async (t) => {
  for (const header of [
    '',
    'Bearer',
    'Bearer ',
    'old-key',
    'Basic old-key',
    'Bearer old-key ',
    'Bearer old-key new-key',
    'Bearer\told-key',
    'Bearer old-ke',
    'Bearer OLD-KEY',
    'Bearer "old-key"',
    `Bearer ${'k'.repeat(513)}`,
  ]) {
    try {
      partnerOf(header);
      t.fail(`"${header}" was accepted`);
    } catch (error) {
      t.match(error, { name: 'Refusal', code: 'invalid_api_key' });
      t.notMatch((error as Error).message, 'old');
    }
  }
});

t.test('without partners every key is refused', async (t) => {
  t.throws(() => createPartnerCheck(new Map())('Bearer old-key'), { code: 'invalid_api_key' });
});
