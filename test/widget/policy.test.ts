import { createChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import t from 'tap';
import { openTheatre, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

const STRICT =
  "default-src 'none'; script-src GATEWAY; connect-src GATEWAY; style-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

t.test('a strict page policy', async (t) => {
  const theatre = await openTheatre(t);

  t.test('allows all that the button does: its look, a language, a proof, a lead', async (t) => {
    const { gateway, page, complaints } = await setStage(t, theatre, {
      policy: STRICT,
      lang: 'fr',
      attributes: 'position="floating" keep-offline',
    });
    const challenge = await createChallenge({ algorithm: 'SHA-256', cost: 1, counter: 500, deriveKey });
    gateway.form = { ...gateway.form, consent: { required: true }, challenge };
    const visitor = visitorOf(page);
    await visitor.open();
    await visitor.send.click();
    await page.getByText('Saisissez votre numéro de mobile.').waitFor();
    await visitor.phone.fill('06 12 34 56 78');
    await page.getByRole('checkbox').check();
    await visitor.send.click();
    await visitor.reads('Message envoyé');
    t.type(gateway.posts()[0]?.body.proof, 'string');
    t.strictSame(complaints, []);

    const looks = await visitor.dialog.evaluate((dialog) => getComputedStyle(dialog).borderRadius);
    t.not(looks, '0px', 'the style is there');
  });

  t.test('without workers is no obstacle to a proof where the page asks for one', async (t) => {
    const { gateway, page, complaints } = await setStage(t, theatre, { policy: STRICT, attributes: 'worker' });
    const challenge = await createChallenge({ algorithm: 'SHA-256', cost: 1, counter: 500, deriveKey });
    gateway.form = { ...gateway.form, challenge };
    const visitor = visitorOf(page);
    await visitor.ask();
    await visitor.reads('Message sent');
    t.type(gateway.posts()[0]?.body.proof, 'string');
    const told = complaints.length;
    t.ok(told > 0, 'the page was told that no worker may start, as its owner had said that one may');
    await page.keyboard.press('Escape');
    await visitor.ask('(404) 555-1213');
    await visitor.reads('Message sent');
    t.equal(complaints.length, told, 'once is enough');
  });

  t.test('that lists its Trusted Types policies allows a worker for every lead', async (t) => {
    const { gateway, page, complaints } = await setStage(t, theatre, {
      policy:
        "default-src 'none'; script-src GATEWAY; connect-src GATEWAY; worker-src blob:; require-trusted-types-for 'script'; trusted-types text-us",
      attributes: 'worker',
    });
    const challenge = await createChallenge({ algorithm: 'SHA-256', cost: 1, counter: 500, deriveKey });
    gateway.form = { ...gateway.form, challenge };
    const visitor = visitorOf(page);
    for (const phone of ['(404) 555-1212', '(404) 555-1213']) {
      const worker = page.waitForEvent('worker');
      await visitor.ask(phone);
      await worker;
      await visitor.reads('Message sent');
      await page.keyboard.press('Escape');
    }
    t.strictSame(complaints, []);
  });
});
