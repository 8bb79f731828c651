import axe from 'axe-core';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { FORM, problem } from './support/fake-gateway.ts';
import { openTheatre, type StageOptions, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function inspect(t: Test, page: Page, state: string): Promise<void> {
  const { violations, passes } = (await page.evaluate(
    `axe.run({ runOnly: ${JSON.stringify(RULES)} })`,
  )) as axe.AxeResults;
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)}`,
  );
  t.strictSame(found, [], state);
  t.ok(
    passes.some(({ id }) => id === 'color-contrast'),
    `${state}: contrast was measured`,
  );
}

const LOOKS: readonly (readonly [string, StageOptions])[] = [
  ['light', {}],
  [
    'dark',
    {
      attributes: 'theme="dark" keep-offline',
      context: { colorScheme: 'dark' },
      before: '<style>:root { color-scheme: dark }</style>',
    },
  ],
  ['right to left', { lang: 'ar', before: '<script>document.documentElement.dir = "rtl"</script>' }],
  ['320 pixels wide', { context: { viewport: { width: 320, height: 568 } }, attributes: 'position="floating"' }],
  ['beside the main part of a page', { beside: true }],
];

t.test('axe finds nothing', async (t) => {
  const theatre = await openTheatre(t);

  for (const [look, options] of LOOKS) {
    t.test(`in any state, ${look}`, async (t) => {
      const { gateway, page, context } = await setStage(t, theatre, options);
      gateway.form = { ...FORM, consent: { required: true } };
      const visitor = visitorOf(page);
      await page.evaluate(axe.source);
      await inspect(t, page, 'button');

      await visitor.open();
      await inspect(t, page, 'form');
      await visitor.send.click();
      await page.locator('text-us [aria-invalid=true]').first().waitFor();
      await inspect(t, page, 'missing fields');

      await visitor.phone.fill('(404) 555-1212');
      await page.getByRole('checkbox').check();
      gateway.next.post.push(problem(429, 'rate_limited'));
      await visitor.send.click();
      await page.waitForFunction('heard.at(-1).type === "error"');
      await inspect(t, page, 'refused');

      await context.setOffline(true);
      await visitor.send.click();
      await page.getByRole('dialog').locator('[part=cancel]').waitFor();
      await inspect(t, page, 'offline');

      gateway.next.post.push({ status: 202, body: { id: 'cnv_1', status: 'queued' } });
      await context.setOffline(false);
      await page.waitForFunction('heard.at(-1).type === "success"');
      await inspect(t, page, 'done');
    });
  }
});
