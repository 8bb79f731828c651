import { randomBytes } from 'node:crypto';
import t from 'tap';
import { createFormTokens, TOKEN_LASTS_MS } from '../../../src/http/screening/form-token.ts';

const KEY = Buffer.alloc(32, 7);
const PAGE = 'https://dealer.example';
const START = Date.UTC(2026, 10, 24, 9);
const INVALID = { code: 'form_token_invalid', errors: [{ pointer: '/formToken' }] };

/** Tokens with a clock that the test controls. */
function tokens(key = KEY) {
  const clock = { now: START };
  return { clock, ...createFormTokens(key, () => clock.now, randomBytes) };
}

t.test('a token is valid for its site and page, and shows its age', async (t) => {
  const { issue, check, clock } = tokens();
  const token = issue('demo', PAGE);
  t.match(token, /^[\w-]{43}$/);
  t.equal(check(token, 'demo', PAGE).ageMs, 0);
  clock.now += 2_500;
  t.match(check(token, 'demo', PAGE), { ageMs: 2_500, use: { kind: 'form_token', expiresAt: START + TOKEN_LASTS_MS } });
});

t.test('each token has its own key for its use, which is always the same', async (t) => {
  const { issue, check } = tokens();
  const [one, other] = [issue('demo', PAGE), issue('demo', PAGE)];
  t.not(one, other);
  t.notSame(check(one, 'demo', PAGE).use.key, check(other, 'demo', PAGE).use.key);
  t.same(check(one, 'demo', PAGE).use.key, check(one, 'demo', PAGE).use.key);
});

t.test('a token is valid for two hours in every process with the same HASH_KEY', async (t) => {
  const { issue } = tokens();
  const { check, clock } = tokens();
  const token = issue('demo', PAGE);
  clock.now = START + TOKEN_LASTS_MS - 1;
  t.equal(check(token, 'demo', PAGE).ageMs, TOKEN_LASTS_MS - 1);
  clock.now = START + TOKEN_LASTS_MS;
  t.throws(() => check(token, 'demo', PAGE), { ...INVALID, message: /older than two hours/ });
});

t.test('a token of another site, page or key is refused', async (t) => {
  const { issue, check } = tokens();
  const token = issue('demo', PAGE);
  t.throws(() => check(token, 'dealer', PAGE), INVALID);
  for (const page of ['https://evil.example', 'http://dealer.example', `${PAGE}:8443`, 'null', 'self', '']) {
    t.throws(() => check(token, 'demo', page), INVALID, page);
  }
  t.throws(() => tokens(Buffer.alloc(32, 8)).check(token, 'demo', PAGE), INVALID, 'another HASH_KEY');
  t.throws(() => check(issue('a', 'b"]'), 'a","b', ']'), INVALID, 'site and page do not run into each other');
});

t.test('a token with any character changed, added or taken away is refused', async (t) => {
  const { issue, check } = tokens();
  const token = issue('demo', PAGE);
  const flip = (character: string) => (character === 'A' ? 'B' : 'A');
  for (let at = 0; at < token.length; at += 1) {
    const altered = token.slice(0, at) + flip(token[at] ?? '') + token.slice(at + 1);
    if (altered !== token) t.throws(() => check(altered, 'demo', PAGE), INVALID, `character ${at}`);
  }
  for (const altered of [
    `${token}A`,
    token.slice(1),
    `${token}=`,
    ` ${token}`,
    `${token}\n`,
    token.toUpperCase(),
    '.',
    '💬',
  ]) {
    t.throws(() => check(altered, 'demo', PAGE), INVALID, JSON.stringify(altered));
  }
});

t.test('no refusal quotes the token', async (t) => {
  const { check } = tokens();
  const canary = 'canary'.padEnd(43, 'A');
  const refusal = t.throws(() => check(canary, 'demo', PAGE), INVALID);
  t.notMatch(JSON.stringify(refusal), 'canary');
});
