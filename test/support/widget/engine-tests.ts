import t, { type Test } from 'tap';
import { buildWidget } from '../../../scripts/build-widget.ts';
import type { Engine } from './browser-page.ts';
import { checkAccessibility } from './checks/accessibility.ts';
import { checkAnswers } from './checks/answers.ts';
import { checkFallback } from './checks/fallback.ts';
import { checkGatewayPages } from './checks/gateway-pages.ts';
import { checkKept } from './checks/kept.ts';
import { checkKeyboard } from './checks/keyboard.ts';
import { checkLayout } from './checks/layout.ts';
import { checkPolicies } from './checks/policies.ts';
import { checkRetries } from './checks/retries.ts';
import { checkSending } from './checks/sending.ts';
import { startTestBrowser, type TestBrowser } from './stage.ts';

const CHECKS: readonly (readonly [subject: string, check: (t: Test, browser: TestBrowser) => void])[] = [
  ['keyboard and pointer', checkKeyboard],
  ['accessibility', checkAccessibility],
  ['layout', checkLayout],
  ['sending', checkSending],
  ['answers', checkAnswers],
  ['retries', checkRetries],
  ['leads kept on the device', checkKept],
  ['policies', checkPolicies],
  ['around the script', checkFallback],
  ['pages of the gateway', checkGatewayPages],
];

/** The checks of the button that are the same in every engine. */
export function testEngine(engine: Engine): void {
  t.test(engine.name, { skip: engine.missing }, async (t) => {
    const browser = await startTestBrowser(t, engine, await buildWidget());
    for (const [subject, check] of CHECKS) t.test(subject, async (t) => check(t, browser));
  });
}
