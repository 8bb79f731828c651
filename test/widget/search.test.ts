import { createHash } from 'node:crypto';
import { createChallenge, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import t from 'tap';
import { type ChallengeParameters, createSearch } from '../../src/widget/search.ts';

const LONG_MS = 60_000;
const SECRET = 'a secret';

t.test('a search finds what the ALTCHA library accepts', async (t) => {
  const kinds = [
    { cost: 1, counter: 0 },
    { cost: 1, counter: 3000 },
    { cost: 5, counter: 70 },
    { cost: 100, counter: 2, keyLength: 16 },
    { cost: 1, keyPrefix: '00a' },
    { cost: 1, keyPrefix: '0' },
  ];
  for (const kind of kinds) {
    const challenge = await createChallenge({ algorithm: 'SHA-256', deriveKey, hmacSignatureSecret: SECRET, ...kind });
    const solution = createSearch(challenge.parameters)(LONG_MS);
    if (!solution) return t.fail('no solution');
    if (kind.counter !== undefined) t.equal(solution.counter, kind.counter);
    const { verified } = await verifySolution({ challenge, solution, deriveKey, hmacSignatureSecret: SECRET });
    t.ok(verified, JSON.stringify(kind));
  }
});

t.test('its hash is SHA-256 for inputs of every length up to three blocks', async (t) => {
  for (let bytes = 0; bytes < 180; bytes++) {
    const salt = createHash('sha512')
      .update(String(bytes))
      .digest('hex')
      .repeat(3)
      .slice(0, 2 * bytes);
    const input = Buffer.concat([Buffer.from(salt, 'hex'), Buffer.from([0xab, 0, 0, 0, 0])]);
    const keyPrefix = createHash('sha256').update(input).digest('hex');
    const parameters: ChallengeParameters = {
      algorithm: 'SHA-256',
      nonce: 'ab',
      salt,
      cost: 1,
      keyLength: 32,
      keyPrefix,
    };
    if (createSearch(parameters)(0)?.derivedKey !== keyPrefix) t.fail(`differs at ${bytes} bytes`);
  }
});

t.test('a search that runs out of time goes on where it stopped, after eight hashes at most', async (t) => {
  for (const { cost, counter, calls } of [
    { cost: 1, counter: 31, calls: 4 },
    { cost: 4, counter: 5, calls: 3 },
    { cost: 100, counter: 2, calls: 3 },
  ]) {
    const challenge = await createChallenge({ algorithm: 'SHA-256', deriveKey, cost, counter });
    const search = createSearch(challenge.parameters);
    for (let call = 1; call < calls; call++) t.equal(search(0), undefined, `${cost}: ${call}`);
    t.match(search(0), { counter }, `${cost}: ${calls}`);
  }
});
