import { readFile } from 'node:fs/promises';
import t from 'tap';
import { openTheatre, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

/** The widths of an element's content and of itself. */
const widthsOf = ({ scrollWidth, clientWidth }: Element): readonly number[] => [scrollWidth, clientWidth];

t.test('where text runs from right to left', async (t) => {
  const theatre = await openTheatre(t);

  t.test('the dialog has nothing to scroll to at its side', async (t) => {
    const { page } = await setStage(t, theatre, {
      lang: 'ar',
      before: '<script>document.documentElement.dir = "rtl"</script>',
    });
    const visitor = visitorOf(page);
    await visitor.open();
    await page.getByLabel('رقم الجوال').waitFor();
    const [content, own] = await visitor.dialog.evaluate(widthsOf);
    t.equal(content, own);
  });

  t.test('nor has a page with the plain form of the guide', async (t) => {
    const guide = await readFile('docs/forms.md', 'utf8');
    const form = /<form method="post".*?<\/form>/s.exec(guide)?.[0] ?? '';
    t.match(form, 'name="trap"');
    const page = await theatre.browser.newPage({ viewport: { width: 400, height: 700 } });
    await page.setContent(`<!doctype html><html dir="rtl"><body>${form}</body></html>`);
    t.strictSame(await page.locator('html').evaluate(widthsOf), [400, 400]);
    t.notOk(await page.locator('[name=trap]').evaluate((trap) => trap.getBoundingClientRect().bottom > 0), 'unseen');
    await page.close();
  });
});
