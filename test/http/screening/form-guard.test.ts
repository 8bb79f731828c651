import { randomBytes } from 'node:crypto';
import type { Challenge } from 'altcha-lib/types';
import t from 'tap';
import { DEFAULT_FORM } from '../../../src/config/defaults.ts';
import { Refusal } from '../../../src/domain/refusal.ts';
import type { SiteForm } from '../../../src/domain/site.ts';
import { createFormGuard, type Evidence } from '../../../src/http/screening/form-guard.ts';
import { createFormTokens } from '../../../src/http/screening/form-token.ts';
import type { Proofs } from '../../../src/http/screening/proof.ts';
import { site } from '../../support/lead.ts';

const PAGE = 'https://dealer.example';
const ADDRESS = '192.0.2.1';

const CHALLENGE = { parameters: {}, signature: 'signed' } as Challenge;

/** Accepts only the proof `good`; real proofs have their own test. */
const PROOFS: Proofs = {
  challenge: async () => CHALLENGE,
  async check(proof) {
    if (proof !== 'good') throw new Refusal('proof_required', 'No.');
    return { kind: 'proof', key: Buffer.from('p'), expiresAt: 1 };
  },
};

/** A guard at a site, an address that sent `leads` today, and a token that is as old as the test says. */
function screening(form: Partial<SiteForm> = {}, leads = 0) {
  const clock = { now: 1_000_000 };
  const tokens = createFormTokens(Buffer.alloc(32, 7), () => clock.now, randomBytes);
  const guard = createFormGuard(tokens, PROOFS, async (key, address) =>
    key === 'demo' && address === ADDRESS ? leads : 0,
  );
  const at = site({ form: { ...DEFAULT_FORM, ...form } });
  return {
    token(ageMs: number) {
      const token = tokens.issue('demo', PAGE);
      clock.now += ageMs;
      return token;
    },
    check: (evidence: Evidence, kind: 'script' | 'static' = 'script') =>
      guard.check(evidence, at, { kind, page: PAGE, address: ADDRESS }),
    issue: () => guard.issue(at, PAGE, ADDRESS),
  };
}

t.test('a site without requirements accepts a lead without token and proof', async (t) => {
  for (const kind of ['script', 'static'] as const) {
    t.strictSame(await screening().check({}, kind), { suspect: false, uses: [] });
    t.strictSame(await screening().check({ formToken: '', proof: '', trap: '' }, kind), { suspect: false, uses: [] });
  }
});

t.test('a token and a proof that were sent are used up', async (t) => {
  const { token, check } = screening();
  t.match(await check({ formToken: token(2_000), proof: 'good' }), {
    suspect: false,
    uses: [{ kind: 'form_token' }, { kind: 'proof' }],
  });
});

t.test('a token or a proof that was sent must be valid, even if the site requires none', async (t) => {
  for (const kind of ['script', 'static'] as const) {
    await t.rejects(screening().check({ formToken: 'forged' }, kind), { code: 'form_token_invalid' });
    await t.rejects(screening().check({ proof: 'bad' }, kind), { code: 'proof_required' });
  }
});

t.test('a lead with a filled trap field is suspect', async (t) => {
  t.match(await screening().check({ trap: 'https://spam.example' }), { suspect: true });
  t.match(await screening().check({ trap: ' ' }), { suspect: true });
});

t.test('a form that was filled in faster than a person can is suspect, and its token is used up', async (t) => {
  for (const [ageMs, suspect] of [
    [0, true],
    [1_999, true],
    [2_000, false],
    [-5_000, true],
    // The clock was set back by an hour, so the time for filling in the form is unknown.
    [-3_600_000, false],
  ] as const) {
    const { token, check } = screening();
    t.match(await check({ formToken: token(ageMs) }), { suspect, uses: [{ kind: 'form_token' }] }, `${ageMs} ms`);
  }
  const { token, check } = screening({ minFillS: 0 });
  t.match(await check({ formToken: token(0) }), { suspect: false }, 'none is asked for');
});

t.test('a script must send the token and proof that its site requires', async (t) => {
  await t.rejects(screening({ token: 'required' }).check({}), {
    code: 'form_token_invalid',
    errors: [{ pointer: '/formToken' }],
  });
  await t.rejects(screening({ proof: 'always' }).check({}), {
    code: 'proof_required',
    errors: [{ pointer: '/proof' }],
  });
});

t.test('a static page cannot send them, so its lead is held', async (t) => {
  t.match(await screening({ token: 'required' }).check({}, 'static'), { suspect: true, uses: [] });
  t.match(await screening({ proof: 'always' }).check({}, 'static'), { suspect: true, uses: [] });
});

t.test('an adaptive proof is required after the first leads of an address', async (t) => {
  for (const [leads, needed] of [
    [0, false],
    [2, false],
    [3, true],
  ] as const) {
    const { check, issue } = screening({ proof: 'adaptive', adaptiveAfter: 3 }, leads);
    t.equal((await issue()).challenge, needed ? CHALLENGE : undefined);
    if (needed) await t.rejects(check({}), { code: 'proof_required' });
    else t.match(await check({}), { suspect: false });
    t.match(await check({ proof: 'good' }), { suspect: false });
  }
  t.notOk('challenge' in (await screening({ proof: 'off' }, 1_000).issue()));
  t.equal((await screening({ proof: 'always' }).issue()).challenge, CHALLENGE);
});
