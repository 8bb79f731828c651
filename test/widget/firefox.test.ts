import { FIREFOX_ENGINE } from '../support/engines.ts';
import { testEngine } from '../support/widget/engine-tests.ts';

testEngine(FIREFOX_ENGINE);
