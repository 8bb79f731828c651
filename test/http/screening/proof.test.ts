import { type Challenge, solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import t from 'tap';
import { createProofs, PROOF_LASTS_MS } from '../../../src/http/screening/proof.ts';

const KEY = Buffer.alloc(32, 7);
const PAGE = 'https://dealer.example';
const START = Date.UTC(2026, 10, 24, 9);
const REQUIRED = { code: 'proof_required', errors: [{ pointer: '/proof' }] };

const clock = { now: START };
const { challenge, check } = createProofs(KEY, () => clock.now);
t.beforeEach(() => {
  clock.now = START;
});

type Payload = { challenge: Challenge; solution: unknown };
const encode = (payload: unknown) => Buffer.from(JSON.stringify(payload)).toString('base64');
const solve = async (given: Challenge) => ({
  challenge: given,
  solution: await solveChallenge({ challenge: given, deriveKey }),
});
const solved: Payload = await solve(await challenge('demo', PAGE));

t.test('a proof from the library’s own solver is accepted', async (t) => {
  t.match(await check(encode(solved), 'demo', PAGE), { kind: 'proof', expiresAt: START + PROOF_LASTS_MS });
});

t.test('the work is bounded: every challenge is solved within 60,000 hashes', async (t) => {
  const { counter } = solved.solution as { counter: number };
  t.ok(counter >= 20_000 && counter <= 60_000);
});

t.test('challenges differ, and a proof is used up under one key however it is written', async (t) => {
  t.not((await challenge('demo', PAGE)).parameters.nonce, solved.challenge.parameters.nonce);
  const { solution, challenge: given } = solved;
  const rewritten = encode({ solution: { ...(solution as object), time: 1 }, challenge: given, more: true });
  t.same((await check(encode(solved), 'demo', PAGE)).key, (await check(rewritten, 'demo', PAGE)).key);
});

t.test('a proof is valid for two hours in every process with the same HASH_KEY', async (t) => {
  const other = createProofs(KEY, () => clock.now);
  clock.now = START + PROOF_LASTS_MS - 1;
  t.match(await other.check(encode(solved), 'demo', PAGE), { kind: 'proof' });
  clock.now = START + PROOF_LASTS_MS;
  await t.rejects(other.check(encode(solved), 'demo', PAGE), { ...REQUIRED, message: /older than two hours/ });
});

t.test('a proof for another site, page or key is refused', async (t) => {
  await t.rejects(check(encode(solved), 'dealer', PAGE), REQUIRED);
  await t.rejects(check(encode(solved), 'demo', 'https://evil.example'), REQUIRED);
  await t.rejects(createProofs(Buffer.alloc(32, 8), () => START).check(encode(solved), 'demo', PAGE), REQUIRED);
});

const { parameters } = solved.challenge;
const altered = (changes: object): Payload => ({
  ...solved,
  challenge: { ...solved.challenge, parameters: { ...parameters, ...changes } },
});
const WRONG: [string, unknown][] = [
  ['an easier prefix', altered({ keyPrefix: '7' })],
  ['a later expiry', altered({ data: { ...parameters.data, expiresAt: START * 2 } })],
  ['another site in it', altered({ data: { ...parameters.data, site: 'dealer' } })],
  ['another nonce', altered({ nonce: 'ab'.repeat(16) })],
  ['another algorithm', altered({ algorithm: 'PBKDF2/SHA-256', cost: 1_000_000_000 })],
  ['no signature', { ...solved, challenge: { parameters } }],
  ['a signature of another type', { ...solved, challenge: { parameters, signature: ['a'] } }],
  ['a forged signature', { ...solved, challenge: { parameters, signature: 'ab'.repeat(32) } }],
  ['a wrong counter', { ...solved, solution: { counter: 1, derivedKey: parameters.keyPrefix } }],
  [
    'the prefix for a key',
    { ...solved, solution: { ...(solved.solution as object), derivedKey: parameters.keyPrefix } },
  ],
  ['a counter that is no number', { ...solved, solution: { counter: '1', derivedKey: 'ab' } }],
  ['a counter out of range', { ...solved, solution: { counter: 2 ** 33, derivedKey: 'ab' } }],
  ['no solution', { challenge: solved.challenge }],
  ['no parameters', { challenge: { signature: 'ab' }, solution: {} }],
  ['null', null],
  ['a list', []],
  ['a number', 7],
];
for (const [name, payload] of WRONG) {
  t.test(`a proof with ${name} is refused`, async (t) => {
    await t.rejects(check(encode(payload), 'demo', PAGE), REQUIRED);
  });
}

t.test('fields beside challenge and solution do not reach the library', async (t) => {
  for (const more of [{ hmacAlgorithm: 'x' }, { hmacKeySignatureSecret: 7 }, { counterMode: 'x' }, { deriveKey: 7 }]) {
    t.match(await check(encode({ ...solved, ...more }), 'demo', PAGE), { kind: 'proof' }, JSON.stringify(more));
  }
});

t.test('a proof that makes the library throw is refused like any invalid one', async (t) => {
  const throwing = createProofs(
    KEY,
    () => START,
    async () => {
      throw new TypeError('canary');
    },
  );
  const refused = throwing.check(encode(solved), 'demo', PAGE);
  await t.rejects(refused, { ...REQUIRED, message: /^(?!.*canary)/ });
});

t.test('a value that is no proof is refused without quoting it', async (t) => {
  for (const text of ['canary', '{}', '=', '💬', Buffer.from('{"canary":').toString('base64'), '['.repeat(4096)]) {
    const refusal = await check(text, 'demo', PAGE).then(
      () => t.fail('is taken'),
      (error: unknown) => error,
    );
    t.match(refusal, REQUIRED);
    t.notMatch(JSON.stringify(refusal), 'canary');
  }
});
