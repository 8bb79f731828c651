import axe from 'axe-core';
import type { Test } from 'tap';
import { CONTRASTS, type Contrast, LEAST } from '../contrast.ts';
import { FORM, problem } from '../fake-gateway.ts';
import type { Stage, StageOptions, TestBrowser } from '../stage.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What a checker finds in the page: each rule with the elements that break it. */
const FINDINGS = `axe.run({ runOnly: ${JSON.stringify(RULES)}, exclude: ['iframe'] }).then(({ violations, passes }) => ({
  flaws: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join()),
  passes: passes.map(({ id }) => id),
}))`;

/** The colours that the guide gives as an example, and those of a dark page. */
const THEMES: readonly string[] = [
  '--text-us-accent: #7a1f3d; --text-us-on-accent: #fff; --text-us-background: #fffaf5; --text-us-color: #2a1a1f',
  '--text-us-accent: #ffd21e; --text-us-on-accent: #222; --text-us-background: #10131a; --text-us-color: #f2f2f2',
];

const LOOKS: readonly (readonly [string, StageOptions])[] = [
  ['light', { beside: true }],
  [
    'dark',
    {
      attributes: 'theme="dark" keep-offline',
      before: '<style>:root { color-scheme: dark; background: #121212; color: #eee }</style>',
    },
  ],
  ['right to left', { lang: 'ar', before: '<script nonce="tests">document.documentElement.dir = "rtl"</script>' }],
  ['320 pixels wide', { size: { width: 320, height: 568 }, attributes: 'position="floating"' }],
];

async function findNoFlaws(t: Test, { page }: TestBrowser, state: string): Promise<void> {
  const { flaws, passes } = await page.evaluate<{ flaws: string[]; passes: string[] }>(FINDINGS);
  t.strictSame(flaws, [], state);
  t.ok(passes.includes('color-contrast'), `${state}: contrast was measured`);
}

async function findNoPaleColours(t: Test, { page }: TestBrowser, state: string): Promise<void> {
  const found = await page.evaluate<Contrast[]>(CONTRASTS);
  t.strictSame(
    found.filter(({ kind, ratio }) => ratio < LEAST[kind]),
    [],
    `${state}: ${found.length} contrasts`,
  );
  t.ok(found.length >= 2, state);
}

/** Brings a lead through its states, and looks at each. Texts are not named, so that it works in any language. */
async function throughAllStates(stage: Stage, look: (state: string) => Promise<void>): Promise<void> {
  const { gateway } = stage;
  const send = async () =>
    stage.of('dialog', undefined, `tools.all().find((button) => button.part.contains('submit')).click()`);
  gateway.form = { ...FORM, consent: { required: true } };
  await look('button');
  await stage.open();
  await look('form');
  await send();
  await look('missing fields');
  await stage.of('dialog', undefined, `tools.fill(tools.find('textbox'), '(404) 555-1212')`);
  await stage.of('checkbox', undefined, 'it.click()');
  gateway.next.post.push(problem(429, 'rate_limited'));
  await send();
  await stage.heard('error', 1);
  await look('refused');
  gateway.next.post.push('hang', { status: 202, body: { id: 'cnv_1', status: 'queued' } });
  const sent = gateway.arrival('POST', /conversations/);
  await send();
  await sent;
  await look('being sent');
  await stage.passTimeOut();
  await look('sent again');
  await stage.passWait();
  await stage.heard('success', 1);
  await look('done');
}

/** A checker's findings, and contrasts in numbers, in every state. */
export function checkAccessibility(t: Test, browser: TestBrowser): void {
  for (const [look, options] of LOOKS) {
    t.test(`no flaw and no pale colour in any state, ${look}`, async (t) => {
      const stage = await browser.show(t, options);
      await browser.page.evaluate(`(() => {${axe.source}})()`);
      await throughAllStates(stage, async (state) => {
        await findNoFlaws(t, browser, state);
        await findNoPaleColours(t, browser, state);
      });
    });
  }

  t.test('no pale colour in any state with the colours of a page', async (t) => {
    for (const theme of THEMES) {
      const stage = await browser.show(t, {
        before: `<style>text-us { ${theme} } body { background: ${/background: (#\w+)/.exec(theme)?.[1]} }</style>`,
      });
      await throughAllStates(stage, async (state) => findNoPaleColours(t, browser, `${theme}, ${state}`));
    }
  });
}
