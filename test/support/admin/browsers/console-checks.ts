import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import t, { type Test } from 'tap';
import type { BrowserPage, Engine } from '../../widget/browser-page.ts';
import { LATE_TOOLS } from '../../widget/page-tools.ts';
import { until, visitorOf } from '../../widget/stage.ts';
import { adminOver, TOKEN } from '../admin.ts';
import { playScene, sceneOptions } from '../scenes.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** The rules that may find something else in other colours. The light look is held to all rules. */
const RULES_OF_LOOKS = ['color-contrast', 'link-in-text-block'];

/**
 * What axe finds depends on the page and on its drawn colours. A run costs Firefox and WebKit one to two seconds of CPU time, so
 * they inspect one page that has every kind of element, and Chromium inspects them all.
 */
const isThorough = ({ name }: Engine): boolean => name === 'Chromium';

const WIDE = { width: 1180, height: 800 };
const NARROW_HEIGHT = 740;
/** WebKit's window is never narrower, and the console refuses to be shown in a frame. */
const narrowest = ({ name }: Engine): number => (name === 'WebKit' ? 480 : 360);

/**
 * Replaces the colours by those for a reader who prefers dark, without a second launch of the browser. It waits for the frame in
 * which they are drawn.
 */
const DARKEN = `(() => {
  for (const { cssRules } of document.styleSheets)
    for (const { media } of cssRules) if (media?.mediaText.includes('dark')) media.mediaText = 'all';
  document.documentElement.style.colorScheme = 'dark';
  return new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(getComputedStyle(document.body).backgroundColor))));
})()`;

/** What the policy of the pages would forbid, and what makes a page scroll sideways. */
const FORBIDDEN = `[...document.querySelectorAll('style, script:not([src]), [style]:not(html), [onclick], [onload]')].map(({ outerHTML }) => outerHTML)`;
const EXCESS_WIDTH = 'document.documentElement.scrollWidth - innerWidth';

const PAGES = [
  '',
  '/leads?status=parked&cause=refused',
  '/providers',
  '/suppressions',
  '/audit',
  '/configuration',
  '/sites',
  '/sites/harbour-cars',
  '/sites.new',
  '/nothing',
];

type Console = {
  readonly engine: Engine;
  readonly page: BrowserPage;
  readonly base: string;
  readonly admin: ReturnType<typeof adminOver>;
  /** A parked lead with a history. */
  readonly lead: string;
};

/** The checks of the operators' console that are the same in every engine, over one gateway in trouble and one launched browser. */
export function testConsole(engine: Engine): void {
  t.test(engine.name, { skip: engine.missing }, async (t) => {
    const admin = adminOver(t, sceneOptions('burning'));
    const lead = await playScene('burning', admin);
    const app = await admin.app;
    await app.listen({ host: '127.0.0.1', port: 0 });
    const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/console`;
    const console = { engine, page: await engine.launch(t), base, admin, lead: String(lead) };
    t.test('by the keyboard alone an operator logs in, finds a lead, reveals and sends it', (t) =>
      byKeyboard(t, console),
    );
    t.test('a new lead appears without a reload, and the focus stays', (t) => live(t, console));
    t.test('a wrong entry is explained at its field, and what was typed stays', (t) => entry(t, console));
    t.test('axe finds nothing on any page, light and dark, and nothing overflows', (t) => everyPage(t, console));
  });
}

const heading = (page: BrowserPage, text: string) =>
  until(
    page,
    `document.readyState === 'complete' && document.querySelector('h1')?.textContent.includes(${JSON.stringify(text)})`,
  );

/** Presses the tab key until the element has the focus, as somebody without a mouse does. */
async function tabTo(page: BrowserPage, selector: string): Promise<void> {
  for (let n = 0; n < 30; n += 1) {
    await page.press('Tab');
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
  }
  throw new Error(`not reached by the tab key: ${selector}`);
}

async function byKeyboard(t: Test, { engine, page, base, lead, admin }: Console): Promise<void> {
  await page.goto(`${base}/login`, WIDE);
  if (isThorough(engine)) t.strictSame(await flaws(page), [], 'axe finds nothing on the log-in page');
  // The browser moves the focus to the field with the first frame, which may come after the page is loaded.
  await until(page, `document.activeElement.name === 'token'`);
  await page.type(TOKEN);
  await page.press('Enter');
  await heading(page, 'refuses the credentials');
  await tabTo(page, '.skip');
  await tabTo(page, 'nav a[href$="/leads"]');
  await page.press('Enter');
  await heading(page, 'Leads');
  await page.goto(`${base}/leads?status=parked&cause=refused`, WIDE);
  await tabTo(page, '.skip');
  await page.press('Enter');
  await until(page, `document.activeElement.id === 'main'`);
  await tabTo(page, `a[href$="/leads/${lead}"]`);
  await page.press('Enter');
  await heading(page, lead);
  t.notMatch(await page.evaluate('document.body.innerText'), /Civic/);
  await tabTo(page, 'form[action$="/reveal"] button');
  await page.press('Enter');
  await until(page, `/Is the 2019 Civic still available/.test(document.body.innerText)`);
  await tabTo(page, 'button[value=release]');
  await page.press('Enter');
  await heading(page, 'Release');
  t.equal(await admin.statusOf(lead), 'parked', 'the preview changes nothing');
  if (isThorough(engine)) t.strictSame(await flaws(page), [], 'axe finds nothing on the preview');
  await tabTo(page, 'button.primary');
  await page.press('Enter');
  await until(page, `/1 of 1 leads were queued/.test(document.body.innerText)`);
  t.equal(await admin.statusOf(lead), 'queued');
}

async function live(t: Test, { page, base, admin }: Console): Promise<void> {
  await page.goto(`${base}/leads`, WIDE);
  await page.evaluate(`window.notReloaded = document.querySelector('[name=site]').focus() ?? true`);
  const id = await admin.store('parked');
  await until(page, `document.querySelector('a[href$="/leads/${id}"]')`);
  t.equal(await page.evaluate('window.notReloaded'), true);
  t.equal(await page.evaluate('document.activeElement.name'), 'site');
}

async function entry(t: Test, { engine, page, base, admin }: Console): Promise<void> {
  await page.goto(`${base}/sites/harbour-cars/edit`, WIDE);
  await page.evaluate(LATE_TOOLS);
  const wrong = '{ "name": "Harbour", "country": "usa" }';
  await page.evaluate(`tools.fill(document.querySelector('textarea'), ${JSON.stringify(wrong)})`);
  await visitorOf(page).click('button', 'Store');
  await until(page, `document.querySelector('[role=alert]')`);
  await page.evaluate(LATE_TOOLS);
  t.match(await page.evaluate('tools.wrong()'), [[/Content/, /\/country .*is not a country code/]]);
  t.equal(await page.evaluate(`document.querySelector('textarea').value`), wrong);
  if (isThorough(engine)) t.strictSame(await flaws(page), [], 'axe finds nothing on the page of mistakes');
  const { content } = await admin.entries.show('site', 'harbour-cars');
  t.match(content, { name: 'Harbour Cars' });
}

async function everyPage(t: Test, { engine, page, base, lead }: Console): Promise<void> {
  const layouts = ['', '/leads?status=parked&cause=refused', `/leads/${lead}`, '/sites/harbour-cars'];
  const paths = isThorough(engine) ? [...PAGES, `/leads/${lead}`] : layouts;
  const inspected = isThorough(engine) ? paths : [`/leads/${lead}`];
  for (const path of paths) {
    await page.goto(base + path, { width: narrowest(engine), height: NARROW_HEIGHT });
    t.equal(await page.evaluate(EXCESS_WIDTH), 0, `${path}, narrow: it does not scroll sideways`);
    t.strictSame(await page.evaluate(FORBIDDEN), [], `${path}: nothing in it is against its policy`);
    if (!inspected.includes(path)) continue;
    t.strictSame(await flaws(page), [], `${path}: axe finds nothing`);
    t.equal(await page.evaluate(DARKEN), 'rgb(16, 22, 28)', 'it is dark');
    t.strictSame(await flaws(page, RULES_OF_LOOKS), [], `${path}, dark: axe finds nothing`);
  }
  await page.goto(`${base}/runbook`, { width: narrowest(engine), height: NARROW_HEIGHT });
  t.equal(await page.evaluate(EXCESS_WIDTH), 0, 'the runbook does not scroll sideways');
}

/** What axe finds in the page, by all rules or by some. The policy of the page lets no script in; a debugger is not subject to it. */
async function flaws(page: BrowserPage, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate('Boolean(window.axe)'))) await page.evaluate(`(() => {${axe.source}})()`);
  const options = rules ? { runOnly: { type: 'rule', values: rules } } : { runOnly: RULES };
  return page.evaluate(`axe.run(${JSON.stringify({ ...options, resultTypes: ['violations'] })}).then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join()))`);
}
