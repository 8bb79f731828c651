import t from 'tap';
import { problem, type Reply } from './support/fake-gateway.ts';
import { openTheatre, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

t.test('what the gateway refuses', async (t) => {
  const theatre = await openTheatre(t);

  const CASES: readonly [name: string, reply: Reply, field: string, message: string][] = [
    [
      'a number that is none',
      problem(422, 'invalid_phone', ['/consumer/phone']),
      'phone',
      'We cannot text this number. Please check it.',
    ],
    [
      'a number of another country',
      problem(422, 'country_not_allowed', ['/consumer/phone']),
      'phone',
      'We cannot text numbers of this country. Please use another number.',
    ],
    [
      'a number that the provider refuses',
      { status: 422, body: { code: 'lead_rejected', id: 'cnv_1', reason: 'phone' } },
      'phone',
      'We cannot text this number. Please check it.',
    ],
    [
      'a name with what no letter is',
      problem(422, 'invalid_request', ['/consumer/firstName']),
      'firstName',
      'Please change this field.',
    ],
    [
      'a lead without the consent',
      problem(422, 'consent_required', ['/consent']),
      'consent',
      'Please tick this box, so that we may text you.',
    ],
  ];
  for (const [name, reply, field, message] of CASES) {
    t.test(`${name} is said at its field, which gets the focus`, async (t) => {
      const { gateway, page } = await setStage(t, theatre);
      gateway.form = { ...gateway.form, consent: { required: false, text: 'Text me.' } };
      gateway.next.post.push(reply);
      const visitor = visitorOf(page);
      await visitor.ask();
      const input = page.locator(`text-us #${field}`);
      const error = page.locator(`text-us #${field}-error`);
      await error.getByText(message).waitFor();
      t.equal(await input.getAttribute('aria-describedby'), `${field}-error`);
      t.equal(await input.getAttribute('aria-invalid'), 'true');
      t.ok(await input.evaluate((element) => element.matches(':focus')));
      t.equal(await visitor.alert.textContent(), '');

      await visitor.phone.fill('(404) 555-1213');
      await visitor.send.click();
      await visitor.reads('Message sent');
      t.equal(await input.getAttribute('aria-invalid'), 'false', 'and is taken back');
    });
  }

  t.test('too many leads: says when to come back, in words', async (t) => {
    for (const [seconds, words] of [
      ['40', 'in 40 seconds'],
      ['90', 'in 2 minutes'],
      ['20000', 'in 6 hours'],
    ] as const) {
      const { gateway, page, events } = await setStage(t, theatre);
      gateway.next.post.push(problem(429, 'rate_limited', [], { 'retry-after': seconds }));
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.alert.getByText(`Please try again ${words}.`).waitFor();
      t.match((await events()).at(-1), {
        type: 'error',
        detail: { code: 'rate_limited', status: 429, retryAfterS: Number(seconds) },
      });
      t.equal(gateway.posts().length, 1, 'it is not tried again unasked');
    }
  });

  t.test('for what no visitor can mend: says so, and tells the page what', async (t) => {
    for (const reply of [
      problem(403, 'origin_not_allowed'),
      problem(403, 'target_not_allowed'),
      problem(422, 'invalid_request', ['/placementId']),
      problem(422, 'lead_rejected'),
    ]) {
      const { gateway, page, events } = await setStage(t, theatre);
      gateway.next.form.push(reply);
      gateway.next.post.push(reply);
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.alert.getByText('Please reach us another way.').waitFor();
      const { status, code, errors } = (reply as { body: Record<string, unknown> }).body;
      t.match((await events()).at(-1), { type: 'error', detail: { status, code, errors } });
    }
  });

  t.test('what is missing is told without asking the gateway', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
    gateway.form = {
      ...gateway.form,
      fields: { firstName: 'required', lastName: 'hidden', question: 'shown' },
      consent: { required: true },
    };
    const visitor = visitorOf(page);
    await visitor.open();
    t.notOk(await page.getByLabel('Last name').isVisible());
    await visitor.send.click();
    t.equal(await page.locator('text-us #phone-error').textContent(), 'Please enter your mobile number.');
    t.equal(await page.locator('text-us #firstName-error').textContent(), 'Please fill in this field.');
    t.equal(
      await page.locator('text-us #consent-error').textContent(),
      'Please tick this box, so that we may text you.',
    );
    t.ok(await visitor.phone.evaluate((element) => element.matches(':focus')), 'the first of them has the focus');
    t.strictSame(gateway.posts(), []);
  });
});
