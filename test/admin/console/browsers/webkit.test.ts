import { testConsole } from '../../../support/admin/browsers/console-checks.ts';
import { WEBKIT_ENGINE } from '../../../support/widget/webkit-engine.ts';

testConsole(WEBKIT_ENGINE);
