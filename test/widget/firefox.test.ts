import { testEngine } from '../support/widget/engine-tests.ts';
import { FIREFOX_ENGINE } from '../support/widget/playwright-engines.ts';

testEngine(FIREFOX_ENGINE);
