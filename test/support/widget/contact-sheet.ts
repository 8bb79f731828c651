import { writeFile } from 'node:fs/promises';
import type { Test } from 'tap';
import { launchBrowser } from '../browser.ts';
import type { Engine, Look, Size } from './browser-page.ts';
import { builtWidget } from './built.ts';
import { problem, type Reply } from './fake-gateway.ts';
import { CLOSED, fullForm, LISTING, OPEN } from './full-form.ts';
import { CHROMIUM_ENGINE, FIREFOX_ENGINE } from './playwright-engines.ts';
import { type Stage, startTestBrowser } from './stage.ts';
import { WEBKIT_ENGINE } from './webkit-engine.ts';

/** `node test/support/widget/contact-sheet.ts`: writes `docs/button-looks.jpg`, the states of the button in three engines. */
const FILE = 'docs/button-looks.jpg';

const PHONE: Size = { width: 400, height: 700 };

type Shot = {
  readonly title: string;
  readonly look?: Look;
  readonly size?: Size;
  readonly lang?: string;
  readonly attributes?: string;
  readonly now?: number;
  readonly posts?: readonly Reply[];
  readonly act?: (stage: Stage) => Promise<void>;
};

const fill = (stage: Stage): Promise<void> =>
  stage.page.evaluate(`(async () => {
    const root = document.querySelector('text-us').shadowRoot;
    root.querySelector('#question').value = 'Would you take my old Corolla?';
    root.querySelector('#name').value = 'Sam Rivera';
    root.querySelector('#phone').value = '4045551212';
    root.querySelector('#phone').onchange();
    root.querySelector('#consent').checked = true;
  })()`);
const press = (stage: Stage): Promise<void> =>
  stage.page.evaluate(`document.querySelector('text-us').shadowRoot.querySelector('form [part=submit]').click()`);
const open = (stage: Stage): Promise<void> => stage.open();
const typed = async (stage: Stage): Promise<void> => {
  await stage.open();
  await fill(stage);
};
const sent = async (stage: Stage): Promise<void> => {
  await typed(stage);
  await press(stage);
  await stage.heard('success', 1);
};
const refused = async (stage: Stage): Promise<void> => {
  await typed(stage);
  await press(stage);
  await stage.heard('error', 1);
};

const SHOTS: readonly Shot[] = [
  { title: 'panel', size: { width: 800, height: 700 }, act: open },
  { title: 'floating', size: { width: 800, height: 700 }, attributes: 'position="floating" shape="round"', act: open },
  { title: 'sheet', size: PHONE, act: typed },
  {
    title: 'errors',
    size: PHONE,
    act: async (stage) => {
      await stage.open();
      await press(stage);
    },
  },
  {
    title: 'sending',
    size: PHONE,
    posts: ['hang'],
    act: async (stage) => {
      await typed(stage);
      await press(stage);
    },
  },
  { title: 'failure', size: PHONE, posts: [problem(429, 'rate_limited')], act: refused },
  { title: 'success', size: PHONE, act: sent },
  {
    title: 'stored, outside hours',
    size: PHONE,
    now: CLOSED,
    posts: [{ status: 202, body: { id: 'cnv_1', status: 'queued' } }],
    act: sent,
  },
  { title: 'right to left', size: PHONE, lang: 'ar', act: open },
  { title: '320 pixels', size: { width: 320, height: 560 }, act: open },
  { title: '200 % zoom', size: { width: 640, height: 400 }, act: open },
  { title: 'dark', look: 'dark', size: PHONE, attributes: 'theme="dark"', act: open },
  { title: 'dark, success', look: 'dark', size: PHONE, attributes: 'theme="dark"', act: sent },
  { title: 'forced colours', look: 'forced colours', size: PHONE, act: typed },
];

const ends: (() => unknown)[] = [];
const t = { teardown: (end: () => unknown) => ends.push(end) } as unknown as Test;
const files = await builtWidget();
const tiles: string[] = [];

for (const engine of [CHROMIUM_ENGINE, FIREFOX_ENGINE, WEBKIT_ENGINE]) {
  if (engine.missing) console.log(engine.missing);
  else tiles.push(`<h2>${engine.name}</h2><div class="row">${(await shotsOf(engine)).join('')}</div>`);
}

async function shotsOf(engine: Engine): Promise<string[]> {
  const found: string[] = [];
  for (const look of engine.looks) {
    const browser = await startTestBrowser(t, engine, files, look);
    for (const shot of SHOTS.filter((each) => (each.look ?? 'light') === look)) {
      const { title, size = PHONE, lang = 'en', attributes = '', now = OPEN, posts = [], act } = shot;
      const before = `<style>:root { font-family: sans-serif; color-scheme: ${look === 'dark' ? 'dark' : 'light'} }
        body { margin: 1.5em; background: ${look === 'dark' ? '#161a22' : '#eef1f6'} }</style>`;
      const stage = await browser.show(t, {
        size,
        lang,
        before,
        posts,
        attributes: `${attributes} ${LISTING}`,
        form: fullForm(now),
      });
      await act?.(stage);
      // WebKit's picture is of the last frame that was drawn: after the second one it holds the latest changes.
      await browser.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      const image = (await browser.page.screenshot()).toString('base64');
      found.push(`<figure><img src="data:image/png;base64,${image}"><figcaption>${title}</figcaption></figure>`);
      console.log(engine.name, title);
    }
  }
  return found;
}

const sheet = await (await launchBrowser(t)).newPage({ viewport: { width: 1800, height: 900 } });
await sheet.setContent(`<!doctype html><style>
  body { margin: 16px; font: 13px sans-serif; background: #fff } h2 { margin: 8px 0 }
  .row { display: flex; flex-wrap: wrap; gap: 10px; align-items: end } figure { margin: 0 }
  img { height: 300px; border: 1px solid #bbb; display: block } figcaption { padding: 3px 0 }
  </style>${tiles.join('')}`);
await writeFile(FILE, await sheet.screenshot({ fullPage: true, type: 'jpeg', quality: 70 }));
for (const end of ends.reverse()) await end();
