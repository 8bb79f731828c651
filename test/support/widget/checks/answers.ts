import type { Test } from 'tap';
import { delivered, FORM, problem, type Reply } from '../fake-gateway.ts';
import type { TestBrowser } from '../stage.ts';

const html = (status: number, body: string): Reply => ({
  status,
  body: Buffer.from(body),
  headers: { 'content-type': 'text/html' },
});

const STRANGERS: readonly (readonly [name: string, reply: Reply])[] = [
  ['the log-in page of a wireless network', html(200, '<html>Log in</html>')],
  ['a redirect', { status: 302, headers: { location: '/widget/v1.d.ts' } }],
  ['a redirect that would take the lead along', { status: 307, headers: { location: '/elsewhere' } }],
  ['a success without a lead', { status: 201, body: { hello: 'world' } }],
  [
    'a JSON answer with a status that the gateway never gives',
    { status: 200, body: { id: 'cnv_9', status: 'delivered' } },
  ],
  ['the page of a firewall', html(403, '<html>Blocked</html>')],
];

const PHONE = 'Mobile number';
const FIRST_NAME = 'First name (optional)';
const CONSENT = 'Text me.';
const UNUSABLE = 'We cannot text this number. Please check it.';

/** What is wrong with which field, by the gateway's answer. */
const REFUSALS: readonly (readonly [what: string, reply: Reply, field: string, message: string])[] = [
  ['a number that is none', problem(422, 'invalid_phone', ['/consumer/phone']), PHONE, UNUSABLE],
  [
    'a number of another country',
    problem(422, 'country_not_allowed', ['/consumer/phone']),
    PHONE,
    'We cannot text numbers of this country. Please use another number.',
  ],
  [
    'a number that the provider refuses',
    { status: 422, body: { code: 'lead_rejected', id: 'cnv_1', reason: 'phone' } },
    PHONE,
    UNUSABLE,
  ],
  [
    'a name with what no letter is',
    problem(422, 'invalid_request', ['/consumer/firstName']),
    FIRST_NAME,
    'Please change this field.',
  ],
  [
    'a lead without the consent',
    problem(422, 'consent_required', ['/consent']),
    CONSENT,
    'Please tick this box, so that we may text you.',
  ],
];

/** Every answer of the gateway, and answers that are not the gateway's. */
export function checkAnswers(t: Test, { show }: TestBrowser): void {
  t.test('a lead that is stored but not delivered yet is reported as stored', async (t) => {
    const queued = { status: 202, body: { id: 'cnv_2', status: 'queued' }, headers: { 'retry-after': '5' } };
    const stage = await show(t, { posts: [queued] });
    await stage.ask();
    await stage.reads('We have your message');
    t.match((await stage.events()).at(-1), { type: 'success', detail: { id: 'cnv_2', status: 'queued' } });
  });

  t.test('a refusal of one field is shown at the field, which gets the focus, until the next attempt', async (t) => {
    const stage = await show(t, { form: { ...FORM, consent: { required: false, text: CONSENT } } });
    await stage.open();
    await stage.fill({ phone: '(404) 555-1212' });
    for (const [what, reply, field, message] of REFUSALS) {
      stage.gateway.next.post.push(reply);
      await stage.click('button', 'Send');
      await stage.findsWrong([[field, message]]);
      t.match(await stage.focus(), field, what);
    }
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    t.strictSame(await stage.page.evaluate('tools.wrong()'), []);
  });

  t.test('a refusal for too many leads says in words when to try again, and is not tried again unasked', async (t) => {
    const stage = await show(t);
    await stage.open();
    await stage.fill({ phone: '(404) 555-1212' });
    for (const [seconds, words] of [
      ['40', 'in 40 seconds'],
      ['90', 'in 2 minutes'],
      ['20000', 'in 6 hours'],
    ] as const) {
      stage.gateway.next.post.push(problem(429, 'rate_limited', [], { 'retry-after': seconds }));
      await stage.click('button', 'Send');
      await stage.hears('alert', `Please try again ${words}.`);
      t.match((await stage.events()).at(-1), {
        type: 'error',
        detail: { code: 'rate_limited', status: 429, retryAfterS: Number(seconds) },
      });
    }
    t.strictSame(await stage.page.evaluate(`tools.timers('wait')`), []);
    t.equal(stage.gateway.posts().length, 3);
  });

  t.test('a refusal that a visitor cannot correct says so, and the page gets the code', async (t) => {
    const stage = await show(t, { attributes: 'keep-offline' });
    stage.gateway.next.form.push(problem(403, 'origin_not_allowed'));
    await stage.open();
    await stage.fill({ phone: '(404) 555-1212' });
    for (const [count, reply] of [
      problem(403, 'origin_not_allowed'),
      problem(403, 'target_not_allowed'),
      problem(422, 'invalid_request', ['/site']),
      problem(422, 'lead_rejected'),
    ].entries()) {
      stage.gateway.next.post.push(reply);
      await stage.click('button', 'Send');
      await stage.heard('error', count + 1);
      await stage.hears('alert', 'Sorry, this does not work here right now. Please reach us another way.');
      const { status, code, errors } = (reply as { body: Record<string, unknown> }).body;
      t.match((await stage.events()).at(-1), { type: 'error', detail: { status, code, errors } });
      t.equal(await stage.page.evaluate('localStorage.length'), 0, 'nor is the lead kept');
    }
  });

  t.test('required fields that are empty need no call to the gateway', async (t) => {
    const fields = { firstName: 'required', lastName: 'hidden', question: 'shown' };
    const stage = await show(t, { form: { ...FORM, fields, consent: { required: true, text: CONSENT } } });
    await stage.open();
    t.notOk(await stage.sees('textbox', /^Last name/));
    await stage.click('button', 'Send');
    await stage.findsWrong([
      [PHONE, 'Please enter your mobile number.'],
      ['First name', 'Please fill in this field.'],
      [CONSENT, 'Please tick this box, so that we may text you.'],
    ]);
    t.match(await stage.focus(), PHONE, 'the first of them has the focus');
    t.strictSame(stage.gateway.posts(), []);
  });

  t.test('after an answer from another server the lead stays on the device and is sent again', async (t) => {
    const stage = await show(t, { attributes: 'keep-offline' });
    for (const [name, reply] of STRANGERS) {
      const before = stage.gateway.posts().length;
      stage.gateway.next.post.push(reply);
      await stage.ask();
      await stage.hears('status', 'We keep trying');
      t.equal(await stage.page.evaluate('localStorage.length'), 1, name);
      await stage.passWait();
      await stage.reads('Message sent');
      t.equal(stage.gateway.posts().length, before + 2);
      t.match((await stage.events()).at(-1), { type: 'success', detail: { id: 'cnv_1', status: 'delivered' } });
      t.equal(await stage.page.evaluate('localStorage.length'), 0);
      await stage.leave();
    }
    t.notOk(stage.gateway.received.some(({ path }) => path === '/elsewhere'));
  });

  t.test('a token that has expired is replaced once, without a message', async (t) => {
    const stage = await show(t);
    for (const code of ['form_token_invalid', 'proof_required']) {
      const before = stage.gateway.posts().length;
      stage.gateway.next.post.push(problem(422, code), delivered());
      await stage.ask();
      await stage.reads('Message sent');
      const [first, second] = stage.gateway.posts().slice(before);
      t.not(first?.body.formToken, second?.body.formToken, code);
      t.equal(first?.headers['idempotency-key'], second?.headers['idempotency-key']);
      await stage.leave();
    }
    stage.gateway.next.post.push(problem(422, 'form_token_invalid'), problem(422, 'form_token_invalid'));
    await stage.ask();
    await stage.hears('alert', 'reach us another way');
    t.equal(stage.gateway.posts().length, 6);
  });
}
