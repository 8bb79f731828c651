import { readFile } from 'node:fs/promises';
import type { Test } from 'tap';
import type { Size } from '../browser-page.ts';
import { FORM, problem } from '../fake-gateway.ts';
import { servePage } from '../page-launcher.ts';
import { type Stage, type TestBrowser, until } from '../stage.ts';

const SCREENS: readonly Size[] = [
  { width: 320, height: 568 },
  { width: 390, height: 420 },
  { width: 667, height: 375 },
];

/** Whether a page or an element can be scrolled sideways. */
const overflows = (element: string): string =>
  `(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)(${element})`;

async function isInView(stage: Stage, role: string, name?: string): Promise<boolean> {
  return stage.of(
    role,
    name,
    '(({ top, bottom, height }) => height > 0 && top >= 0 && bottom <= innerHeight)(it.getBoundingClientRect())',
  );
}

/** What fits where, in numbers: small screens, zoomed pages, both writing directions. */
export function checkLayout(t: Test, { show, page }: TestBrowser): void {
  t.test('on a small screen the result of a lead is visible, and nothing scrolls sideways', async (t) => {
    for (const size of SCREENS) {
      const screen = `${size.width} by ${size.height}`;
      const stage = await show(t, {
        size,
        attributes: 'position="floating"',
        form: { ...FORM, consent: { required: true } },
      });
      t.equal(await page.evaluate('innerWidth'), size.width);
      await stage.open();
      await stage.fill({ phone: '(404) 555-1212' });
      await stage.of('checkbox', undefined, 'it.click()');
      stage.gateway.next.post.push(problem(429, 'rate_limited'));
      await stage.of('button', 'Send', 'it.click()');
      await stage.hears('alert', 'Too many tries.');
      t.ok(await isInView(stage, 'alert'), `${screen}: the refusal`);

      await stage.setOnline(false);
      await stage.of('textbox', /^Mobile/, 'it.scrollIntoView()');
      await stage.of('button', 'Send', 'it.click()');
      await stage.hears('status', 'No connection.');
      t.ok(await isInView(stage, 'status'), `${screen}: what goes on`);
      t.ok(await isInView(stage, 'button', 'Cancel'), `${screen}: and how to stop it`);
      t.equal(await page.evaluate('scrollY'), 0, `${screen}: the page behind stays where it was`);
      t.notOk(await page.evaluate(overflows('document.documentElement')), `${screen}: the page`);
      t.notOk(await page.evaluate(overflows(`tools.find('dialog')`)), `${screen}: the dialog`);
    }
  });

  t.test('the dialog opens within the window wherever the page is scrolled, beside a floating button', async (t) => {
    const stage = await show(t, {
      size: { width: 1200, height: 700 },
      before: '<div style="height: 1500px"></div>',
    });
    await page.evaluate(`void (document.body.style.paddingBottom = '1500px')`);
    for (const dir of ['ltr', 'rtl']) {
      for (const position of ['inline', 'floating']) {
        await page.evaluate(
          `(document.documentElement.dir = '${dir}', document.querySelector('text-us').position = '${position}')`,
        );
        for (const scrolled of [1400, 1000]) {
          const where = `${dir}, ${position}, scrolled by ${scrolled}`;
          await page.evaluate(`scrollTo(0, ${scrolled})`);
          await stage.open();
          const { outside, aside } = await stage.of<{ outside: number; aside: number }>(
            'dialog',
            undefined,
            `(({ left, right, top, bottom }, button) => ({
              outside: Math.max(-left, -top, right - innerWidth, bottom - innerHeight),
              aside: Math.min(Math.abs(left - button.left), Math.abs(right - button.right)),
            }))(it.getBoundingClientRect(), document.querySelector('text-us').shadowRoot.querySelector('button').getBoundingClientRect())`,
          );
          t.ok(outside <= 0, `${where}: ${outside} pixels outside of the window`);
          if (position === 'floating' && (await page.evaluate(`CSS.supports('position-area: end')`)))
            t.ok(aside < 2, `${where}: ${aside} pixels from the side of the button`);
          await stage.leave();
        }
      }
    }
  });

  t.test('beside a floating button that a container holds back the dialog is within the window', async (t) => {
    const stage = await show(t, {
      size: { width: 1200, height: 700 },
      before: '<div style="height: 1500px"></div>',
      attributes: 'position="floating"',
    });
    // A fixed element is placed relative to a container with a transform, and scrolls with it.
    await page.evaluate(
      `void (document.querySelector('main').style.transform = 'translateZ(0)', document.body.style.paddingBottom = '1500px')`,
    );
    for (const scrolled of [0, 1000, 1200, 1500]) {
      await page.evaluate(`scrollTo(0, ${scrolled})`);
      await page.evaluate(`document.querySelector('text-us').open()`);
      const [top, bottom] = await stage.of<[number, number]>(
        'dialog',
        undefined,
        '(({ top, bottom }) => [top, bottom])(it.getBoundingClientRect())',
      );
      t.ok(top >= 0 && bottom <= 700, `scrolled by ${scrolled}: from ${top} to ${bottom}`);
      await stage.leave();
    }
  });

  t.test('targets are at least 24 pixels large, and the main ones 44', async (t) => {
    const stage = await show(t, { size: { width: 320, height: 568 }, form: { ...FORM, consent: { required: true } } });
    const sizes = `tools.all().filter((it) => /button|textbox|checkbox|link/.test(tools.roleOf(it))).map(tools.describe)`;
    const found = await until<{ name: string; width: number; height: number }[]>(page, `${sizes}.length && ${sizes}`);
    await stage.open();
    found.push(...(await page.evaluate<typeof found>(sizes)));
    t.ok(found.length >= 8);
    for (const { name, width, height } of found)
      t.ok(Math.min(width, height) >= (/^(Text us|Send)/.test(name) ? 43.9 : 24), `${name}: ${width} by ${height}`);
  });

  t.test('at a zoom of 200 and 400 percent all controls are reachable, and nothing scrolls sideways', async (t) => {
    // A window of 1280 by 900, zoomed.
    for (const zoom of [2, 4]) {
      const stage = await show(t, {
        size: { width: 1280 / zoom, height: 900 / zoom },
        lang: 'de',
        form: { ...FORM, consent: { required: true, text: 'Kraftfahrzeughaftpflichtversicherungsbestätigungen' } },
      });
      await stage.open();
      if (zoom === 2) t.ok(await isInView(stage, 'button', 'Senden'), 'the button that sends is in view at once');
      t.notOk(await page.evaluate(overflows(`tools.find('dialog')`)), `${zoom}: the dialog`);
      await stage.click('button', 'Senden');
      await until(page, `/^Bitte geben Sie/.test(tools.wrong()[0]?.[1])`);
      t.notOk(await page.evaluate(overflows('document.documentElement')), `${zoom}: the page`);
    }
  });

  t.test('the plain form of the guide does not scroll sideways, and its hidden field is off the screen', async (t) => {
    const guide = await readFile('docs/forms.md', 'utf8');
    const form = /<form method="post".*?<\/form>/s.exec(guide)?.[0] ?? '';
    t.match(form, 'name="trap"');
    for (const dir of ['ltr', 'rtl']) {
      const html = `<!doctype html><html dir="${dir}"><meta name="viewport" content="width=device-width">${form}`;
      const url = await servePage(t, html);
      for (const width of [320, 480]) {
        await page.goto(url, { width, height: 600 });
        t.notOk(await page.evaluate(overflows('document.documentElement')), `${dir}, ${width}`);
        t.ok(await page.evaluate(`document.querySelector('[name=trap]').getBoundingClientRect().bottom <= 0`));
      }
    }
  });
}
