import type { Logger } from 'pino';
import type { MinuteCount } from '../domain/ports/activity-store.ts';
import type { RefusedOrigin, SiteHour } from '../domain/ports/rhythm-store.ts';
import { isTestProvider } from '../domain/provider.ts';
import type { AttemptReport } from '../leads/delivery/attempt.ts';
import { type Clock, hourOf, MINUTE_MS } from '../lib/clock.ts';
import type { EventCounter } from './metrics.ts';

/** Counts that are added up in memory until a part of the program takes them, to report them all at once. */
export interface Tally<Count> {
  add(count: Count): void;
  /** Gives the counts since the last call. */
  take(): readonly Count[];
}

function createTally<Count extends { readonly count: number }>(
  keyOf: (count: Count) => string,
  most = Number.POSITIVE_INFINITY,
): Tally<Count> {
  const counts = new Map<string, Count>();
  return {
    add(added) {
      const key = keyOf(added);
      const known = counts.get(key);
      if (known || counts.size < most) counts.set(key, { ...added, count: (known?.count ?? 0) + added.count });
    },
    take() {
      const taken = [...counts.values()];
      counts.clear();
      return taken;
    },
  };
}

/** Pairs of a site and an origin that a process counts until they are taken. */
const MOST_ORIGINS = 200;

/** Counts of this process that wait until they are reported, so that an event costs no write and no read of the storage. */
export type Tallies = {
  /** Leads that were stored and outcomes of calls: `admin/activity.ts` writes them for the charts. */
  readonly minutes: Tally<MinuteCount>;
  /** Leads of sites: `admin/site-news.ts` learns from them when a site usually sends. */
  readonly siteHours: Tally<SiteHour>;
  /** Requests of pages whose origin the site does not list: `admin/site-news.ts` tells of them. */
  readonly refusedOrigins: Tally<RefusedOrigin>;
  /** Sites whose daily count changed: `outgoing/monitor.ts` takes those that are not near their maximum out again. */
  readonly countedSites: Set<string>;
};

export function createTallies(): Tallies {
  return {
    minutes: createTally(({ minute, kind }) => `${minute} ${kind}`),
    siteHours: createTally(({ site, hour }) => `${hour} ${site}`),
    refusedOrigins: createTally(({ site, origin }) => `${site} ${origin}`, MOST_ORIGINS),
    countedSites: new Set(),
  };
}

/** The kinds of events that are counted by minute: a lead that was stored, and each outcome of a call. */
export type ActivityKind = 'stored' | 'delivered' | 'rejected' | 'credentials' | 'refused' | 'not_sent' | 'unknown';

/** Listeners to events, each called at once. */
export type Events = EventCounter & {
  /** A page asked for a site that does not list its origin. */
  refusedOrigin(site: string, origin: string): void;
};

type EventParts = {
  readonly counter: EventCounter;
  readonly tallies: Tallies;
  /** Looks at the conditions that operators are told of. */
  readonly monitor: { kick(): void; refused(code: string): void; storageFault(): void };
  /** Whether changes of leads are told to any partner or site. */
  readonly hasCallbacks: () => boolean;
  /** Sends the callbacks that wait. */
  readonly sendCallbacks: () => void;
  /** Learns why a call to an account failed. */
  readonly onFailedCall: (provider: string, cause: string) => void;
  readonly clock: Clock;
};

/**
 * Follows the events of a lead's way: each is counted for the metrics and in the tallies, waiting callbacks are sent, and the
 * monitor looks where an operator may have to be told of it. Of test leads only callbacks are sent.
 */
export function createEvents(parts: EventParts): Events {
  const { counter, tallies, monitor, hasCallbacks, sendCallbacks, onFailedCall, clock } = parts;
  const count = (kind: ActivityKind): void =>
    tallies.minutes.add({ minute: Math.floor(clock.now() / MINUTE_MS), kind, count: 1 });
  const onChanged = (): void => {
    if (hasCallbacks()) sendCallbacks();
  };
  return {
    ...counter,
    attempt(report) {
      const status = report.settled?.conversation.status;
      if (status !== 'queued') onChanged();
      if (isTestProvider(report.lead.provider)) return;
      counter.attempt(report);
      const { outcome } = report.answer;
      if (!report.answer.uncalled) count(outcome.class);
      if (outcome.class === 'not_sent' || outcome.class === 'unknown')
        onFailedCall(report.lead.provider, outcome.cause);
      if (status === 'parked' || status === 'unknown') monitor.kick();
    },
    conversation(status, site, test) {
      if (status === 'held') onChanged();
      if (test) return;
      count('stored');
      tallies.siteHours.add({ site, hour: hourOf(clock.now()), count: 1 });
      tallies.countedSites.add(site);
      counter.conversation(status, site);
      if (status === 'held') monitor.kick();
    },
    capPressure(pressure, site) {
      counter.capPressure(pressure, site);
      tallies.countedSites.add(site);
      monitor.kick();
    },
    problem(code) {
      counter.problem(code);
      monitor.refused(code);
    },
    storageFault() {
      counter.storageFault();
      monitor.storageFault();
    },
    refusedOrigin: (site, origin) => tallies.refusedOrigins.add({ site, origin, count: 1, lastAt: clock.now() }),
  };
}

/** Counts nothing: used without an operators' listener, so that the metrics library is not loaded. */
export const NO_METRICS: EventCounter = {
  attempt() {},
  conversation() {},
  capPressure() {},
  problem() {},
  suspect() {},
  answer() {},
  commit() {},
  shed() {},
  storageFault() {},
  outgoing() {},
};

/**
 * Creates the function that logs and counts attempts: one wide line for each attempt, and an error line for each event that an
 * operator must handle. The fields are an allow-list: no personal data of the lead and no text of the provider.
 */
export function createAttemptLog(
  log: Logger,
  events: EventCounter,
  streaks: Pick<RefusalStreaks, 'note'>,
  onStreak: (provider: string, refused: boolean) => void = () => undefined,
): (report: AttemptReport) => void {
  return (report) => {
    const { lead, lease, context, answer, settlement, settled, fault } = report;
    const test = isTestProvider(lead.provider);
    events.attempt(report);
    if (fault) events.storageFault();
    const { outcome, httpStatus, durationMs } = answer;
    const line = {
      event: 'attempt',
      requestId: context.requestId,
      conversation: lease.id,
      site: lead.site,
      partner: lead.partner,
      provider: lead.provider,
      test: test || undefined,
      attempt: settled?.conversation.attempts,
      // An earlier call may have delivered the lead; an agent may then see it twice.
      possibleRepeat: context.mayHaveArrived ? true : undefined,
      class: outcome.class,
      cause: 'cause' in outcome ? outcome.cause : undefined,
      httpStatus,
      durationMs: Math.round(durationMs),
      status: settled?.conversation.status,
      dueAt: settlement.dueAt === undefined ? undefined : new Date(settlement.dueAt).toISOString(),
      stale: settled === undefined && fault === undefined ? true : undefined,
    };
    log.info(line, 'attempt');
    if (fault) log.error({ event: 'attempt_not_recorded', conversation: lease.id, err: fault }, 'attempt not recorded');
    // Nobody has to do anything about a test lead.
    if (test) return;
    if (settled?.parkedProvider) {
      log.error(
        { event: 'provider_parked', provider: lead.provider },
        'the provider account is parked: its credentials are refused, and its leads wait',
      );
    }
    if (settled?.conversation.status === 'parked' && settlement.cause !== undefined) {
      log.error(
        { event: 'lead_parked', conversation: lease.id, provider: lead.provider, cause: settlement.cause },
        'the lead is parked: an operator must decide',
      );
    }
    const streak = streaks.note(report);
    if (streak) onStreak(lead.provider, streak === 'begun');
    if (streak === 'begun') {
      log.error(
        { event: 'leads_refused', provider: lead.provider, inARow: REFUSALS_TO_ALERT },
        'the provider refuses every lead of the account, for other reasons than their own data',
      );
    }
    if (streak === 'ended') {
      log.warn(
        { event: 'leads_taken_again', provider: lead.provider },
        'the provider takes leads of the account again',
      );
    }
  };
}

/**
 * So many leads of one account that the provider refused in a row, for other reasons than their own data, are no longer single
 * odd leads: the account, its contract or the format of the document is at fault, and every further lead will be parked.
 */
export const REFUSALS_TO_ALERT = 5;

/**
 * Counts the leads of each account that the provider refused in a row, in this process. Only an answer that shows that the
 * account works (a delivery, or a rejection for the lead's own data) ends a row: a lost connection says nothing of it.
 */
export interface RefusalStreaks {
  /** Notes the outcome of an attempt. Gives `begun` for the refusal that makes the row long enough for an alert, and `ended`. */
  note(report: Pick<AttemptReport, 'lead' | 'lease' | 'answer'>): 'begun' | 'ended' | undefined;
  /** The length of the row of each account that has one. */
  counts(): ReadonlyMap<string, number>;
}

export function createRefusalStreaks(): RefusalStreaks {
  const streaks = new Map<string, { count: number; readonly first: Set<string> }>();
  return {
    note({ lead: { provider }, lease, answer }) {
      if (answer.uncalled) return undefined;
      const { class: outcome } = answer.outcome;
      if (outcome === 'delivered' || outcome === 'rejected') {
        const count = streaks.get(provider)?.count ?? 0;
        streaks.delete(provider);
        return count >= REFUSALS_TO_ALERT ? 'ended' : undefined;
      }
      if (outcome !== 'refused') return undefined;
      const streak = streaks.get(provider) ?? { count: 0, first: new Set() };
      // A lead that an operator releases again and again is one lead. Once the alert is raised it no longer matters which.
      if (streak.first.has(lease.id)) return undefined;
      if (streak.first.size < REFUSALS_TO_ALERT) streak.first.add(lease.id);
      streak.count += 1;
      streaks.set(provider, streak);
      return streak.count === REFUSALS_TO_ALERT ? 'begun' : undefined;
    },
    counts: () => new Map([...streaks].map(([provider, { count }]) => [provider, count])),
  };
}
