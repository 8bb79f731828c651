import { testEngine } from '../support/widget/engine-tests.ts';
import { WEBKIT_ENGINE } from '../support/widget/webkit-engine.ts';

testEngine(WEBKIT_ENGINE);
