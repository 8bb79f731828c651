import { type Challenge, solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import t from 'tap';
import { DEFAULT_FORM } from '../../../src/config/defaults.ts';
import { TOKEN_LASTS_MS } from '../../../src/http/screening/form-token.ts';
import { goodBody, KEYS, NOW, type Overrides, testApp, testGuard } from '../../support/http/app.ts';
import { site } from '../../support/lead.ts';

const PAGE = 'https://dealer.example';
const OTHER = 'https://other.example';

/** `strict` requires a token and a proof, `lenient` neither; both accept two origins. */
const SITES = new Map(
  [
    site({ key: 'strict', form: { ...DEFAULT_FORM, token: 'required', proof: 'always' } }),
    site({ key: 'lenient' }),
  ].map((each) => [each.key, { ...each, origins: new Set([PAGE, OTHER]) }]),
);

/** An app that records the result of the screening, and the clock of its tokens. */
async function screened(t: Parameters<typeof testApp>[0]) {
  const clock = { now: NOW };
  const overrides: Overrides = { settings: { sites: SITES }, guard: testGuard(() => clock.now) };
  const { app, submitted } = await testApp(t, overrides);
  const issue = async (key = 'strict', origin = PAGE): Promise<{ formToken: string; challenge?: Challenge }> =>
    (await app.inject({ url: `/sites/${key}/form`, headers: { origin } })).json();
  return {
    clock,
    issue,
    /** A form that was filled in long enough, with its challenge solved. */
    async evidence(key = 'strict', origin = PAGE) {
      const { formToken, challenge } = await issue(key, origin);
      clock.now += 5_000;
      return { formToken, ...(challenge && { proof: await prove(challenge) }) };
    },
    send: (changes: object, headers: object = {}) =>
      app.inject({
        method: 'POST',
        url: '/conversations',
        headers: { origin: PAGE, ...headers },
        payload: goodBody({ site: 'strict', ...changes }),
      }),
    /** What the screening of the last lead found. */
    found: () => submitted.at(-1)?.context.screen?.(),
    stored: () => submitted.length,
  };
}

async function prove(challenge: Challenge): Promise<string> {
  const solution = await solveChallenge({ challenge, deriveKey });
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
}

t.test('a lead with the token and proof of its own page is accepted, and not suspect', async (t) => {
  const { evidence, send, found } = await screened(t);
  t.equal((await send(await evidence())).statusCode, 201);
  t.match(await found(), { suspect: false, uses: [{ kind: 'form_token' }, { kind: 'proof' }] });
});

t.test('a missing, forged, altered, expired or foreign token or proof is refused by its field', async (t) => {
  const { evidence, issue, send, stored, clock } = await screened(t);
  const good = await evidence();
  const flipped = good.formToken.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
  const foreign = await evidence('strict', OTHER);
  const cases: [name: string, changes: object, code: string, pointer: string][] = [
    ['no token', { proof: good.proof }, 'form_token_invalid', '/formToken'],
    ['a blank token', { ...good, formToken: '' }, 'form_token_invalid', '/formToken'],
    ['a forged token', { ...good, formToken: 'A'.repeat(43) }, 'form_token_invalid', '/formToken'],
    ['an altered token', { ...good, formToken: flipped }, 'form_token_invalid', '/formToken'],
    ['a cut token', { ...good, formToken: good.formToken.slice(1) }, 'form_token_invalid', '/formToken'],
    [
      'a token of another site',
      { ...good, formToken: (await issue('lenient')).formToken },
      'form_token_invalid',
      '/formToken',
    ],
    ['a token of another origin', { ...good, formToken: foreign.formToken }, 'form_token_invalid', '/formToken'],
    ['a token that is too long', { ...good, formToken: 'A'.repeat(257) }, 'invalid_request', '/formToken'],
    ['a token that is no text', { ...good, formToken: 7 }, 'invalid_request', '/formToken'],
    ['no proof', { formToken: good.formToken }, 'proof_required', '/proof'],
    ['a blank proof', { ...good, proof: '' }, 'proof_required', '/proof'],
    ['a forged proof', { ...good, proof: 'e30=' }, 'proof_required', '/proof'],
    ['a proof of another origin', { ...good, proof: foreign.proof }, 'proof_required', '/proof'],
    ['a proof that is too long', { ...good, proof: 'A'.repeat(4097) }, 'invalid_request', '/proof'],
    ['a trap that is no text', { ...good, trap: true }, 'invalid_request', '/trap'],
  ];
  for (const [name, changes, code, pointer] of cases) {
    const answer = await send(changes);
    t.equal(answer.statusCode, 422, name);
    t.match(answer.json(), { code, errors: [{ pointer }] }, name);
    t.notMatch(answer.body, good.formToken, 'a token is never quoted');
  }
  clock.now += TOKEN_LASTS_MS;
  t.match((await send(good)).json(), { code: 'form_token_invalid' }, 'over');
  t.equal(stored(), 0);
});

t.test('a token of another page is refused even if the site requires none', async (t) => {
  const { issue, send } = await screened(t);
  const { formToken } = await issue('lenient', OTHER);
  t.match((await send({ site: 'lenient', formToken })).json(), { status: 422, code: 'form_token_invalid' });
  t.equal((await send({ site: 'lenient' })).statusCode, 201, 'a lead without a token is accepted');
});

t.test('a lead that is sent too early is held, not refused', async (t) => {
  const { issue, send, found, clock } = await screened(t);
  const { formToken } = await issue('lenient');
  clock.now += 1_999;
  t.equal((await send({ site: 'lenient', formToken })).statusCode, 201, 'the fake submit delivers it');
  t.match(await found(), { suspect: true, uses: [{ kind: 'form_token' }] });
});

t.test('a lead with a filled trap field is held, not refused', async (t) => {
  const { send, found } = await screened(t);
  await send({ site: 'lenient', trap: 'https://spam.example' });
  t.match(await found(), { suspect: true });
  await send({ site: 'lenient', trap: '' });
  t.match(await found(), { suspect: false });
});

t.test('a partner needs neither token nor proof; of those it sends only the trap field counts', async (t) => {
  const { send, found } = await screened(t);
  const headers = { authorization: `Bearer ${KEYS.roamer}` };
  t.equal((await send({ formToken: 'of a page', proof: 'of a page' }, headers)).statusCode, 201);
  t.strictSame(await found(), { suspect: false, uses: [] });
  await send({ trap: 'filled' }, headers);
  t.match(await found(), { suspect: true });
});

t.test('token, proof and trap field are not part of the stored lead', async (t) => {
  const { app, submitted } = await testApp(t);
  const { formToken } = (await app.inject('/sites/demo/form')).json();
  await app.inject({ method: 'POST', url: '/conversations', payload: goodBody({ formToken, trap: 'x' }) });
  await app.inject({ method: 'POST', url: '/conversations', payload: goodBody() });
  t.strictSame(submitted[0]?.lead, submitted[1]?.lead);
});

t.test(
  'a form on the gateway’s own host is one page, although its GET names no origin and its POST does',
  async (t) => {
    const { app } = await testApp(t);
    const { formToken } = (await app.inject({ url: '/sites/demo/form', headers: { host: 'gateway.example' } })).json();
    const send = (origin: string) =>
      app.inject({
        method: 'POST',
        url: '/conversations',
        headers: { host: 'gateway.example', origin },
        payload: goodBody({ formToken }),
      });
    t.equal((await send('https://gateway.example')).statusCode, 201);
    t.match((await send('https://evil.example')).json(), { code: 'form_token_invalid' });
  },
);

t.test('fields that the site’s form requires are mandatory for visitors and not for partners', async (t) => {
  const fields = { firstName: 'required', lastName: 'hidden', question: 'required' } as const;
  const sites = new Map([['demo', site({ form: { ...DEFAULT_FORM, fields } })]]);
  const { app } = await testApp(t, { settings: { sites } });
  const send = (consumer: object, headers = {}) =>
    app.inject({
      method: 'POST',
      url: '/conversations',
      headers,
      payload: goodBody({ consumer: { phone: '(404) 555-1212', ...consumer } }),
    });
  t.match((await send({ question: 'Hi' })).json(), { status: 422, errors: [{ pointer: '/consumer/firstName' }] });
  t.match((await send({ firstName: 'Ann', question: ' ' })).json(), { errors: [{ pointer: '/consumer/question' }] });
  t.equal((await send({ firstName: 'Ann', question: 'Hi' })).statusCode, 201);
  t.equal((await send({}, { authorization: `Bearer ${KEYS.roamer}` })).statusCode, 201);
});
