import axe from 'axe-core';
import type { Test } from 'tap';
import type { BrowserPage } from '../browser-page.ts';
import type { StageOptions, TestBrowser } from '../stage.ts';
import { findNoPaleColours, showFullForm, throughAllStates } from './states.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What a checker finds in the page: each rule with the elements that break it. */
const FINDINGS = `axe.run({ runOnly: ${JSON.stringify(RULES)}, exclude: ['iframe'] }).then(({ violations, passes }) => ({
  flaws: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join()),
  passes: passes.map(({ id }) => id),
}))`;

/** Colours that a page sets: a dark page, the example of the guide, and a light accent on a dark page. */
const THEMES: readonly (readonly [theme: string, page: string, button: string])[] = [
  ['dark', 'color-scheme: dark; background: #121212; color: #eee', ''],
  [
    '',
    'background: #fffaf5',
    '--text-us-accent: #7a1f3d; --text-us-on-accent: #fff; --text-us-background: #fffaf5; --text-us-color: #2a1a1f',
  ],
  [
    '',
    'background: #10131a',
    '--text-us-accent: #ffd21e; --text-us-on-accent: #222; --text-us-background: #10131a; --text-us-color: #f2f2f2',
  ],
];

type Case = {
  readonly look: string;
  readonly options: StageOptions;
  /** The states that a checker looks at: what it finds differs neither by colours, which are measured, nor by words. */
  readonly checked: RegExp;
  readonly themes: typeof THEMES;
};

const CASES: readonly Case[] = [
  { look: 'and theme, left to right', options: { beside: true }, checked: /./, themes: THEMES },
  {
    look: 'right to left and 320 pixels wide',
    checked: /form|missing|done/,
    themes: [],
    options: {
      lang: 'ar',
      before: '<script nonce="tests">document.documentElement.dir = "rtl"</script>',
      size: { width: 320, height: 568 },
      attributes: 'position="floating"',
    },
  },
];

async function findNoFlaws(t: Test, page: BrowserPage, state: string): Promise<void> {
  const { flaws, passes } = await page.evaluate<{ flaws: string[]; passes: string[] }>(FINDINGS);
  t.strictSame(flaws, [], state);
  t.ok(passes.includes('color-contrast'), `${state}: contrast was measured`);
}

/** A checker's findings, and contrasts in numbers, in every state. */
export function checkAccessibility(t: Test, browser: TestBrowser): void {
  const { page } = browser;

  const wear = ([theme, ofPage, ofButton]: (typeof THEMES)[number] = ['', '', '']): Promise<void> =>
    page.evaluate(`(() => {
      document.documentElement.style.cssText = ${JSON.stringify(ofPage)};
      const button = document.querySelector('text-us');
      button.style.cssText = ${JSON.stringify(ofButton)};
      button.theme = ${JSON.stringify(theme || undefined) ?? 'undefined'};
    })()`);

  for (const { look, options, checked, themes } of CASES) {
    t.test(`no flaw and no pale colour in any state ${look}`, async (t) => {
      const stage = await showFullForm(t, browser, options);
      await page.evaluate(`(() => {${axe.source}})()`);
      await throughAllStates(stage, async (state) => {
        if (checked.test(state)) await findNoFlaws(t, page, state);
        await findNoPaleColours(t, page, state);
        for (const theme of themes) {
          await wear(theme);
          await findNoPaleColours(t, page, `${theme.join(' ')}, ${state}`);
        }
        if (themes.length > 0) await wear();
      });
    });
  }
}
