import type { Locator } from 'playwright-core';
import t from 'tap';
import { problem } from './support/fake-gateway.ts';
import { openTheatre, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

const SCREENS = [
  { width: 320, height: 568 },
  { width: 390, height: 420 },
  { width: 667, height: 375 },
];

/** Whether all of it is within the window. */
function isInView(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return height > 0 && top >= 0 && bottom <= innerHeight;
  });
}

t.test('on a small screen', async (t) => {
  const theatre = await openTheatre(t);

  for (const viewport of SCREENS) {
    t.test(`what becomes of a lead is in view, ${viewport.width} by ${viewport.height}`, async (t) => {
      const { gateway, page, context } = await setStage(t, theatre, { context: { viewport } });
      const visitor = visitorOf(page);
      await visitor.open();
      await visitor.phone.fill('(404) 555-1212');
      gateway.next.post.push(problem(429, 'rate_limited'));
      await visitor.phone.press('Enter');
      await visitor.alert.getByText('Too many tries.').waitFor();
      t.ok(await isInView(visitor.alert), 'the refusal');

      await context.setOffline(true);
      await visitor.phone.scrollIntoViewIfNeeded();
      await visitor.phone.press('Enter');
      await visitor.status.getByText('No connection.').waitFor();
      t.ok(await isInView(visitor.status), 'what goes on');
      t.ok(await isInView(page.locator('text-us [part=cancel]')), 'and how to stop it');
      t.equal(await page.evaluate('scrollY'), 0, 'the page behind stays where it was');
    });
  }
});
