import { readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { buildWidget } from '../../../scripts/build-widget.ts';
import type { Engine, EnginePage } from '../engines.ts';
import { eventually } from '../eventually.ts';
import { testApp } from '../http/app.ts';
import { FORM } from './fake-gateway.ts';
import { type PageOptions, serveButton, servePage } from './page-launcher.ts';

const ROOT = `document.querySelector('text-us').shadowRoot`;

/** Opens the dialog of the button on a page. */
async function open(page: EnginePage): Promise<void> {
  await until(page, `customElements.get('text-us')`);
  await clickOn(page, 'button');
  await until(page, `${ROOT}.activeElement?.id === 'phone'`);
}

async function until(page: EnginePage, expression: string): Promise<void> {
  // A page that is being left may refuse to say anything.
  const look = () => page.evaluate<boolean>(`Boolean(${expression})`).catch(() => false);
  await eventually(expression, 10_000, async () => (await look()) || undefined);
}

function box(page: EnginePage, selector: string): Promise<{ x: number; y: number; width: number; height: number }> {
  return page.evaluate(
    `(({ x, y, width, height }) => ({ x, y, width, height }))(${ROOT}.querySelector('${selector}').getBoundingClientRect())`,
  );
}

async function clickOn(page: EnginePage, selector: string): Promise<void> {
  const { x, y, width, height } = await box(page, selector);
  await page.click(x + width / 2, y + height / 2);
}

/** What every engine has to do, and once failed to do in one of them. */
export function testEngine({ name, missing, launch }: Engine): void {
  t.test(name, { skip: missing }, async (t) => {
    const files = await buildWidget();
    const newPage = await launch(t);

    async function show(t: Test, options: PageOptions = {}) {
      const page = await newPage();
      const { gateway, url } = await serveButton(t, files, options);
      await page.goto(url);
      return { page, gateway };
    }

    t.test('texts have a contrast of 4.5, lines of 3', async (t) => {
      for (const theme of ['light', 'dark']) {
        const { page, gateway } = await show(t, { attributes: `theme="${theme}"` });
        gateway.form = { ...FORM, consent: { required: true } };
        await open(page);
        await clickOn(page, '[part=submit]');
        const found = await page.evaluate<Record<string, number>>(CONTRASTS);
        for (const [what, ratio] of Object.entries(found)) {
          t.ok(ratio >= (/line$/.test(what) ? 3 : 4.5), `${theme}: ${what} ${ratio.toFixed(2)}`);
        }
        t.ok(Object.keys(found).length >= 9);
        t.ok(
          await page.evaluate(`parseFloat(getComputedStyle(${ROOT}.querySelector('#consent')).outlineWidth) >= 2`),
          'a box in error',
        );
      }
    });

    t.test('a message is typed and sent, and the page hears nothing of it', async (t) => {
      const { page, gateway } = await show(t);
      await page.evaluate(`window.heard = [], ['keydown', 'input', 'click', 'focusin'].map((type) =>
            document.addEventListener(type, (event) => ${ROOT}.querySelector('dialog[open]') && heard.push(event.type), true))`);
      await open(page);
      await page.evaluate('heard.length = 0');
      await page.type('4045551212');
      await clickOn(page, '#question');
      await page.type('One');
      await page.press('Enter');
      await page.type('two');
      await clickOn(page, '#phone');
      await page.press('Enter');
      await until(page, `${ROOT}.querySelector('h2').textContent === 'Message sent'`);
      t.match(gateway.posts()[0]?.body.consumer, { phone: '4045551212', question: 'One\ntwo' });
      t.strictSame(await page.evaluate('heard'), []);
      await page.press('Escape');
      await until(page, `!${ROOT}.querySelector('dialog[open]')`);
    });

    t.test('a click beside the dialog closes it, a selection that ends there does not', async (t) => {
      const { page } = await show(t);
      await open(page);
      const { x, y } = await box(page, '#phone');
      await page.drag([x + 20, y + 10], [5, 5]);
      t.ok(await page.evaluate(`${ROOT}.querySelector('dialog').open`));
      await page.click(5, 5);
      await until(page, `!${ROOT}.querySelector('dialog[open]')`);
    });

    t.test('the page behind does not scroll', async (t) => {
      const { page } = await show(t, {
        before: '<div style="height: 3000px">A long page</div>',
        attributes: 'position="floating"',
      });
      await open(page);
      const { x, y } = await box(page, '#question');
      for (const [left, top] of [
        [5, 300],
        [x + 5, y + 5],
      ] as const) {
        await page.wheel(left, top);
        await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
        t.equal(await page.evaluate('scrollY'), 0, `${left}, ${top}`);
      }
    });

    t.test('"Send" is in view at twice the size', async (t) => {
      const { page, gateway } = await show(t);
      gateway.form = { ...FORM, consent: { required: true } };
      await page.resize(640, 450);
      await open(page);
      const { y, height } = await box(page, '[part=submit]');
      t.ok(y > 0 && y + height <= (await page.evaluate<number>('innerHeight')), `${y + height}`);
      t.ok(
        await page.evaluate(
          `(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)(${ROOT}.querySelector('dialog'))`,
        ),
      );
    });

    t.test('the plain form of the guide does not scroll sideways', async (t) => {
      const guide = await readFile('docs/forms.md', 'utf8');
      const form = /<form method="post".*?<\/form>/s.exec(guide)?.[0] ?? '';
      const page = await newPage();
      for (const dir of ['ltr', 'rtl']) {
        await page.goto(
          await servePage(
            t,
            `<!doctype html><html dir="${dir}"><meta name="viewport" content="width=device-width">${form}`,
          ),
        );
        // WebKit's window is never narrower than 447 pixels.
        for (const width of [360, 480]) {
          await page.resize(width, 600);
          const sizes = '[document.documentElement.scrollWidth, document.documentElement.clientWidth]';
          const [content, own] = await page.evaluate<[number, number]>(sizes);
          t.equal(content, own, `${dir}, ${width}`);
        }
      }
    });

    t.test('what was typed into a plain form is there again after Back', async (t) => {
      const { listen } = await testApp(t);
      const gateway = `http://127.0.0.1:${await listen()}`;
      const page = await newPage();
      await page.goto(
        await servePage(
          t,
          `<!doctype html><form method="post" action="${gateway}/conversations/form"><input type="hidden" name="site" value="demo">
              <input name="consumer.phone"><textarea name="consumer.question"></textarea><button>Send</button></form>`,
        ),
      );
      await page.evaluate(`document.querySelector('[name="consumer.phone"]').focus()`);
      await page.type('12');
      await page.evaluate(`document.querySelector('textarea').focus()`);
      await page.type('Is it there?');
      await page.evaluate(`document.querySelector('button').click()`);
      await until(page, `document.readyState === 'complete' && /was not sent/.test(document.title)`);
      await page.back();
      await until(
        page,
        `[...document.querySelectorAll('input + input, textarea')].map(({ value }) => value).join() === '12,Is it there?'`,
      );
      t.pass('it is');
    });
  });
}

/** WCAG's contrast ratios of what the open dialog shows, as its colours are computed. */
const CONTRASTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const light = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) =>
      byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const root = ${ROOT};
  const of = (selector, property) => getComputedStyle(root.querySelector(selector))[property];
  const back = of('dialog', 'backgroundColor');
  const found = {
    'text': ratio(of('label', 'color'), back),
    'soft text': ratio(of('[part=intro]', 'color'), back),
    'hint': ratio(of('label[for=question] small', 'color'), back),
    'typed text': ratio(of('#phone', 'color'), back),
    'error': ratio(of('#phone-error', 'color'), back),
    'close': ratio(of('[part=close]', 'color'), back),
    'send': ratio(of('form [part=submit]', 'color'), of('form [part=submit]', 'backgroundColor')),
    'button': ratio(of('button', 'color'), of('button', 'backgroundColor')),
    'field line': ratio(of('#question', 'borderTopColor'), back),
    'error line': ratio(of('#phone', 'borderTopColor'), back),
    'box in error line': ratio(of('#consent', 'outlineColor'), back),
    'ticked box line': ratio(of('#consent', 'accentColor'), back),
  };
  root.querySelector('[part=cancel]').hidden = false;
  found['cancel line'] = ratio(of('[part=cancel]', 'borderTopColor'), back);
  root.querySelector('#question').focus();
  found['focus line'] = ratio(of('#question', 'outlineColor'), back);
  return found;
})()`;
