import { FIREFOX_ENGINE } from '../support/engines.ts';
import { testEngine } from './support/engine-tests.ts';

testEngine(FIREFOX_ENGINE);
