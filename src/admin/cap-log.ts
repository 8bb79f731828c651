import type { Logger } from 'pino';
import type { CapPressure } from '../domain/ports/lead-store.ts';
import { HOUR_MS } from '../lib/clock.ts';
import { createLocalCounts } from '../lib/local-counts.ts';

// `level` is the severity of a line, so the level of pressure is logged as `pressure`.
const MESSAGES: Readonly<Record<CapPressure['level'], string>> = {
  near: 'four fifths of a daily cap are used up',
  reached: 'a daily cap is used up: further leads are held',
  exceeded: 'a daily cap is exceeded ten times: further leads are refused',
};

/**
 * Creates the writer of log lines about caps. Each cap, level and site has one line an hour, so that a flood of leads causes no
 * flood of lines; the metric counts all of them. The line names no number: `conversation` leads an operator to the lead.
 *
 * @param now milliseconds since the epoch
 */
export function createCapLog(
  log: Logger,
  now: () => number,
): (pressure: CapPressure, site: string, conversation?: string) => void {
  const written = createLocalCounts(now);
  return ({ cap, level }, site, conversation) => {
    if (written.count(`${cap}:${level}:${site}`, HOUR_MS).count > 1) return;
    const line = { event: 'cap_pressure', cap, pressure: level, site, conversation };
    // Beyond a site's cap the leads of all its visitors wait; a number's cap concerns that number alone.
    if (cap === 'site' && level !== 'near') log.error(line, MESSAGES[level]);
    else log.warn(line, MESSAGES[level]);
  };
}
