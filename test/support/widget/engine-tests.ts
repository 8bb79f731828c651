import t, { type Test } from 'tap';
import type { Engine } from './browser-page.ts';
import { builtWidget } from './built.ts';
import { checkAccessibility } from './checks/accessibility.ts';
import { checkAnswers } from './checks/answers.ts';
import { checkFallback } from './checks/fallback.ts';
import { checkGatewayPages } from './checks/gateway-pages.ts';
import { checkKept } from './checks/kept.ts';
import { checkKeyboard } from './checks/keyboard.ts';
import { checkLanguages } from './checks/languages.ts';
import { checkLayout } from './checks/layout.ts';
import { checkDark, checkForcedColours } from './checks/looks.ts';
import { checkOptions } from './checks/options.ts';
import { checkPolicies } from './checks/policies.ts';
import { checkRetries } from './checks/retries.ts';
import { checkSending } from './checks/sending.ts';
import { startTestBrowser, type TestBrowser } from './stage.ts';

const CHECKS: readonly (readonly [subject: string, check: (t: Test, browser: TestBrowser) => void])[] = [
  ['keyboard and pointer', checkKeyboard],
  ['accessibility', checkAccessibility],
  ['dark pages', checkDark],
  ['languages', checkLanguages],
  ['layout', checkLayout],
  ['options of a form', checkOptions],
  ['sending', checkSending],
  ['answers', checkAnswers],
  ['retries', checkRetries],
  ['leads kept on the device', checkKept],
  ['policies', checkPolicies],
  ['around the script', checkFallback],
  ['pages of the gateway', checkGatewayPages],
];

/** Some hundred pages take a minute on a machine of its own, and many times that beside other work. */
t.setTimeout(900_000);

/** The checks of the button that are the same in every engine. Its visitor prefers dark pages, which changes only those that follow it. */
export function testEngine(engine: Engine): void {
  t.test(engine.name, { skip: engine.missing }, async (t) => {
    const files = await builtWidget();
    const browser = await startTestBrowser(t, engine, files, 'dark');
    for (const [subject, check] of CHECKS) t.test(subject, async (t) => check(t, browser));
    if (engine.looks.includes('forced colours'))
      t.test('forced colours', async (t) =>
        checkForcedColours(t, await startTestBrowser(t, engine, files, 'forced colours')),
      );
  });
}
