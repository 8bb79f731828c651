import type { Settings } from '../../config/settings.ts';
import type { LeadRecord, LeadRecords } from '../../domain/ports/lead-records.ts';
import { DAY_MS } from '../../lib/clock.ts';
import { type Finding, plural } from '../output.ts';
import { accountsBehind, askRunning } from '../session.ts';

/** How far back the leads of an account are looked at, and how many of all accounts at most. */
const LOOK_BACK_MS = DAY_MS;
const LOOKED_AT = 500;
/** A running gateway looks for due leads every five seconds at least. */
const OVERDUE_MS = 15_000;
/** With fewer leads a failure may be theirs and not the account's. */
const TELLING = 3;

/** Checks what the running gateway says of itself: open breakers and refused settings. Needs its operators' listener. */
export async function checkRunning({ admin }: Pick<Settings, 'admin'>): Promise<Finding[]> {
  if (admin === undefined) return [];
  const running = await askRunning(admin);
  const name = 'gateway';
  if (running === undefined) {
    const detail = `nothing answers at ADMIN_PORT ${admin.port}: whether a breaker is open is not known`;
    return [{ name, result: 'warning', detail }];
  }
  const findings: Finding[] = running.breakers.flatMap(({ endpoint, state }): Finding[] => {
    if (state === 'closed') return [];
    const accounts = accountsBehind({ ...running, breakers: [{ endpoint, state }] }, state);
    const waits = `the leads of ${accounts.join(', ') || 'no account'} wait`;
    const detail = state === 'open' ? `is open: ${waits}` : `is half open: one call tests the endpoint, and ${waits}`;
    return [{ name: `breaker ${endpoint}`, result: state === 'open' ? 'problem' : 'warning', detail }];
  });
  if (running.settings.refused) {
    const detail = `its files were refused with ${plural(running.settings.mistakes ?? 1, 'mistake')}; it runs with the settings before`;
    findings.push({ name, result: 'warning', detail });
  }
  return findings.length > 0 ? findings : [{ name, result: 'ok', detail: 'it runs, and no breaker is open' }];
}

/**
 * Checks whether leads of an account are overdue, and whether it answers nothing but failures: of its leads of the last day that were sent, none was delivered. A
 * parked account has a line of its own and is left out.
 *
 * @param parked ids of the parked accounts
 */
export async function checkAccounts(
  store: Pick<LeadRecords, 'list'>,
  now: number,
  parked: ReadonlySet<string>,
): Promise<Finding[]> {
  const { items } = await store.list({ since: now - LOOK_BACK_MS }, { limit: LOOKED_AT });
  const sent = Map.groupBy(
    items.filter(({ attempts }) => attempts > 0),
    ({ provider }) => provider,
  );
  const failing = [...sent].flatMap(([provider, leads]): Finding[] => {
    const delivered = leads.some(({ status }) => status === 'delivered');
    if (delivered || leads.length < TELLING || parked.has(provider)) return [];
    const detail = `answers nothing but failures: of the newest ${leads.length} leads that were sent in 24 hours none was delivered (${outcomes(leads)})`;
    return [{ name: `account ${provider}`, result: 'problem', detail }];
  });
  return [...overdueLeads(items, now), ...failing];
}

/** Leads that are due and not being sent: the only sign of an open breaker in the database, which does not store breakers. */
function overdueLeads(items: readonly LeadRecord[], now: number): Finding[] {
  const overdue = Map.groupBy(
    items.filter(({ dueAt = now, leased }) => !leased && dueAt < now - OVERDUE_MS),
    ({ provider }) => provider,
  );
  return [...overdue].map(([provider, leads]): Finding => {
    const detail = `${plural(leads.length, 'lead')} due for more than ${OVERDUE_MS / 1_000} s and not sent: no gateway runs, the breaker of the endpoint is open, or many leads wait`;
    return { name: `queue ${provider}`, result: 'warning', detail };
  });
}

function outcomes(leads: readonly LeadRecord[]): string {
  const counts = Map.groupBy(leads, ({ status, cause }) => (cause === undefined ? status : `${status} ${cause}`));
  return [...counts].map(([outcome, { length }]) => `${length} ${outcome}`).join(', ');
}
