import type { Command } from '../command.ts';
import { audit } from './audit.ts';
import { check } from './check.ts';
import { consentExport } from './consent-export.ts';
import { keysNew } from './keys-new.ts';
import { leadsErase } from './leads-erase.ts';
import { leadsList } from './leads-list.ts';
import { leadsSend } from './leads-send.ts';
import { leadsShow } from './leads-show.ts';
import { stats } from './stats.ts';
import { suppressAdd, suppressList, suppressRemove } from './suppress.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  leadsList,
  leadsShow,
  leadsSend('replay'),
  leadsSend('release'),
  leadsErase,
  suppressAdd,
  suppressRemove,
  suppressList,
  consentExport,
  stats,
  audit,
  check,
  keysNew,
];
