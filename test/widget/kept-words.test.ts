import t from 'tap';
import type { Reply } from './support/fake-gateway.ts';
import { openTheatre, setStage } from './support/stage.ts';
import { setTimedStage } from './support/timed.ts';
import { visitorOf } from './support/visitor.ts';

const KEEPS = { attributes: 'keep-offline' };
const SIX_FAULTS = Array<Reply>(6).fill('reset');

t.test('what is said of a lead that may be kept is true', async (t) => {
  const theatre = await openTheatre(t);

  t.test('where it could not be stored, it is not said to be kept', async (t) => {
    const { page, visitor, passAll } = await setTimedStage(t, theatre, SIX_FAULTS, KEEPS);
    await page.evaluate('Storage.prototype.setItem = () => { throw new Error("full"); }');
    await visitor.ask();
    await passAll();
    await visitor.alert.getByText('Your message is not sent yet.').waitFor();
    t.equal(await page.evaluate('localStorage.length'), 0);
  });

  t.test('it is sent by itself after six failures, though nothing tells that the connection is back', async (t) => {
    const { gateway, page, visitor, passAll, wait } = await setTimedStage(t, theatre, SIX_FAULTS, KEEPS);
    // Its minutes are counted from when it comes into the page.
    await page.evaluate(`document.body.append(document.querySelector('text-us'))`);
    await visitor.ask();
    await passAll();
    await visitor.alert.getByText('is kept on this device and will be sent').waitFor();
    t.equal(gateway.posts().length, 6);
    await wait(60);
    await visitor.reads('Message sent');
    t.equal(gateway.leads.size, 1);
    await page.waitForFunction('localStorage.length === 0');
  });

  t.test('one that is corrected and sent takes its place', async (t) => {
    const { gateway, page, visitor, passAll } = await setTimedStage(t, theatre, SIX_FAULTS, KEEPS);
    await visitor.ask();
    await passAll();
    await visitor.alert.getByText('is kept on this device').waitFor();
    await visitor.fill({ question: 'Is it still here?' });
    await visitor.send.click();
    await visitor.reads('Message sent');
    t.equal(await page.evaluate('localStorage.length'), 0);
    t.strictSame(
      [...gateway.leads.values()].map(({ body }) => (body.consumer as { question?: string }).question),
      ['Is it still here?'],
    );
  });

  t.test('on a page that may use neither storage nor locks it waits in the page', async (t) => {
    const { gateway, page, context } = await setStage(t, theatre, {
      ...KEEPS,
      policy: 'sandbox allow-scripts allow-forms',
    });
    const visitor = visitorOf(page);
    await visitor.open();
    await context.setOffline(true);
    await visitor.phone.fill('(404) 555-1212');
    await visitor.send.click();
    await visitor.status.getByText('Please keep this page open.').waitFor();
    await context.setOffline(false);
    await visitor.reads('Message sent');
    t.equal(gateway.posts().length, 1);
  });
});
