import { WEBKIT_ENGINE } from '../support/engines.ts';
import { testEngine } from './support/engine-tests.ts';

testEngine(WEBKIT_ENGINE);
