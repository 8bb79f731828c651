import { testEngine } from '../support/widget/engine-tests.ts';
import { CHROMIUM_ENGINE } from '../support/widget/playwright-engines.ts';

testEngine(CHROMIUM_ENGINE);
