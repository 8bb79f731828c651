import { testConsole } from '../../../support/admin/browsers/console-checks.ts';
import { FIREFOX_ENGINE } from '../../../support/widget/playwright-engines.ts';

testConsole(FIREFOX_ENGINE);
