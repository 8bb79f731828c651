import { testConsole } from '../../../support/admin/browsers/console-checks.ts';
import { CHROMIUM_ENGINE } from '../../../support/widget/playwright-engines.ts';

testConsole(CHROMIUM_ENGINE);
