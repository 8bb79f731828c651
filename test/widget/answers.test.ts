import t from 'tap';
import { delivered, problem, type Reply } from '../support/widget/fake-gateway.ts';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

const page = (status: number, html: string): Reply => ({
  status,
  body: Buffer.from(html),
  headers: { 'content-type': 'text/html' },
});

const STRANGERS: readonly [name: string, reply: Reply][] = [
  ['the log-in page of a wireless network', page(200, '<html>Log in</html>')],
  ['a redirect', { status: 302, headers: { location: '/widget/v1.d.ts' } }],
  ['a redirect that would take the lead along', { status: 307, headers: { location: '/elsewhere' } }],
  ['a success without a lead', { status: 201, body: { hello: 'world' } }],
  [
    'a JSON answer with a status that the gateway never gives',
    { status: 200, body: { id: 'cnv_9', status: 'delivered' } },
  ],
  ['the page of a firewall', page(403, '<html>Blocked</html>')],
];

t.test('answers of the gateway', async (t) => {
  const { launchPage } = await createPageLauncher(t);

  t.test('a refusal of the gateway', async (t) => {
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
    t.test(
      'of one field is shown at the field, the field gets the focus, and the next attempt removes the message',
      async (t) => {
        const { gateway, page } = await launchPage(t);
        gateway.form = { ...gateway.form, consent: { required: false, text: 'Text me.' } };
        const visitor = visitorOf(page);
        await visitor.open();
        await visitor.phone.fill('(404) 555-1212');
        for (const [name, reply, field, message] of CASES) {
          gateway.next.post.push(reply);
          await visitor.send.click();
          const input = page.locator(`text-us #${field}`);
          await page.locator(`text-us #${field}-error`).getByText(message).waitFor();
          t.equal(await input.getAttribute('aria-describedby'), `${field}-error`, name);
          t.ok(await input.evaluate((element) => element.matches(':focus')), `${name}: focus`);
          t.equal(await page.locator('text-us [aria-invalid=true]').count(), 1, `${name}: alone`);
          t.equal(await visitor.alert.textContent(), '');
        }
        await visitor.send.click();
        await visitor.reads('Message sent');
        t.equal(await page.locator('text-us [aria-invalid=true]').count(), 0);
      },
    );

    t.test('for too many leads says in words when to try again', async (t) => {
      const { gateway, page, events } = await launchPage(t);
      const visitor = visitorOf(page);
      await visitor.open();
      await visitor.phone.fill('(404) 555-1212');
      for (const [seconds, words] of [
        ['40', 'in 40 seconds'],
        ['90', 'in 2 minutes'],
        ['20000', 'in 6 hours'],
      ] as const) {
        gateway.next.post.push(problem(429, 'rate_limited', [], { 'retry-after': seconds }));
        await visitor.send.click();
        await visitor.alert.getByText(`Please try again ${words}.`).waitFor();
        t.match((await events()).at(-1), {
          type: 'error',
          detail: { code: 'rate_limited', status: 429, retryAfterS: Number(seconds) },
        });
      }
      t.equal(gateway.posts().length, 3, 'it is not tried again unasked');
    });

    t.test('that a visitor cannot correct says so, and the page gets the code', async (t) => {
      const { gateway, page, events } = await launchPage(t);
      gateway.next.form.push(problem(403, 'origin_not_allowed'));
      const visitor = visitorOf(page);
      await visitor.open();
      await visitor.phone.fill('(404) 555-1212');
      for (const reply of [
        problem(403, 'origin_not_allowed'),
        problem(403, 'target_not_allowed'),
        problem(422, 'invalid_request', ['/site']),
        problem(422, 'lead_rejected'),
      ]) {
        gateway.next.post.push(reply);
        const answered = page.waitForFunction(
          `heard.filter(({ type }) => type === 'error').length === ${gateway.posts().length + 1}`,
        );
        await visitor.send.click();
        await answered;
        t.equal(
          await visitor.alert.textContent(),
          'Sorry, this does not work here right now. Please reach us another way.',
        );
        const { status, code, errors } = (reply as { body: Record<string, unknown> }).body;
        t.match((await events()).at(-1), { type: 'error', detail: { status, code, errors } });
      }
    });

    t.test('of empty required fields needs no call to the gateway', async (t) => {
      const { gateway, page } = await launchPage(t);
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

  t.test('an answer from another server does not count', async (t) => {
    for (const [name, reply] of STRANGERS) {
      t.test(`${name}: the lead stays on the device and is sent again`, async (t) => {
        const { gateway, page, events } = await launchPage(t, { attributes: 'keep-offline' });
        gateway.next.post.push(reply);
        const visitor = visitorOf(page);
        await visitor.ask();
        await visitor.status.getByText('We keep trying').waitFor();
        t.equal(await page.evaluate('localStorage.length'), 1);
        await visitor.reads('Message sent');
        t.equal(gateway.posts().length, 2);
        t.notOk(gateway.received.some(({ path }) => path === '/elsewhere'));
        t.match((await events()).at(-1), { type: 'success', detail: { id: 'cnv_1', status: 'delivered' } });
        t.equal(await page.evaluate('localStorage.length'), 0);
      });
    }

    t.test('a refusal of the gateway counts, and a kept lead is removed', async (t) => {
      const { gateway, page, events } = await launchPage(t, { attributes: 'keep-offline' });
      gateway.next.post.push(problem(403, 'target_not_allowed'), delivered());
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.alert.getByText('reach us another way').waitFor();
      t.equal(await page.evaluate('localStorage.length'), 0);
      t.equal((await events()).at(-1)?.type, 'error');
    });
  });
});
