import type { Test } from 'tap';
import { challengeOf, isProof } from '../challenge.ts';
import { FORM } from '../fake-gateway.ts';
import { type TestBrowser, until } from '../stage.ts';

const STRICT =
  "default-src 'none'; script-src GATEWAY; connect-src GATEWAY; style-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const WITH_WORKERS =
  "default-src 'none'; script-src GATEWAY; connect-src GATEWAY; worker-src blob:; require-trusted-types-for 'script'";

/** Counts the workers that the page starts. */
const COUNT_WORKERS = `void (window.workers = 0, window.Worker = class extends Worker {
  constructor(...args) { super(...args); workers++; }
})`;

/** Content-Security-Policies of pages, and the proof of work under them. */
export function checkPolicies(t: Test, { engine, show, page }: TestBrowser): void {
  t.test('a strict policy allows everything that the button does: styles, a language, a proof, a lead', async (t) => {
    const stage = await show(t, {
      policy: STRICT,
      lang: 'fr',
      attributes: 'position="floating" keep-offline',
      form: { ...FORM, consent: { required: true }, challenge: await challengeOf(500) },
    });
    await stage.open();
    await stage.click('button', 'Envoyer');
    await until(page, `tools.wrong().some(([, message]) => message === 'Saisissez votre numéro de mobile.')`);
    await until(page, `tools.fill(tools.find('textbox', /^Numéro de mobile/), '06 12 34 56 78')`);
    await stage.click('checkbox');
    await stage.click('button', 'Envoyer');
    await stage.reads('Message envoyé');
    t.ok(await isProof(stage.gateway.posts()[0]?.body.proof));
    t.strictSame(await stage.complaints(), []);
    t.not(await stage.of('dialog', undefined, 'getComputedStyle(it).borderTopLeftRadius'), '0px', 'the style is there');
  });

  t.test('a policy that allows workers has a proof computed in one', async (t) => {
    for (const policy of [WITH_WORKERS, `${WITH_WORKERS}; trusted-types text-us`]) {
      const stage = await show(t, {
        policy,
        attributes: 'worker',
        form: { ...FORM, challenge: await challengeOf(500) },
      });
      await page.evaluate(COUNT_WORKERS);
      for (const [index, phone] of ['(404) 555-1212', '(404) 555-1213'].entries()) {
        await stage.ask(phone);
        await stage.reads('Message sent');
        t.ok(await isProof(stage.gateway.posts()[index]?.body.proof));
        await stage.leave();
      }
      t.equal(await page.evaluate<number>('workers'), 2, `${engine.name}: ${policy}`);
      t.strictSame(await stage.complaints(), []);
    }
  });

  t.test('a policy without workers does not prevent a proof if the page asks for a worker', async (t) => {
    const stage = await show(t, {
      policy: STRICT,
      attributes: 'worker',
      form: { ...FORM, challenge: await challengeOf(500) },
    });
    await stage.ask();
    await stage.reads('Message sent');
    t.ok(await isProof(stage.gateway.posts()[0]?.body.proof));
    await stage.leave();
    await stage.ask('(404) 555-1213');
    await stage.reads('Message sent');
    t.equal((await stage.complaints()).length, 1, 'the violation is reported once, not at every lead');
  });

  t.test('in a frame that may not send forms, Send and Enter send', async (t) => {
    const stage = await show(t, { policy: 'sandbox allow-scripts allow-same-origin' });
    await stage.ask();
    await stage.reads('Message sent');
    await stage.leave();
    await stage.open();
    await stage.fill({ phone: '(404) 555-1213' });
    await page.press('Enter');
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts().length, 2);
  });
}
