import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { ActivityStore, MinuteCount, ReplicaState } from '../domain/ports/activity-store.ts';
import { isTestProvider } from '../domain/provider.ts';
import type { AttemptReport } from '../leads/delivery/attempt.ts';
import { type Clock, DAY_MS } from '../lib/clock.ts';
import type { EventCounter } from './metrics.ts';

/** How often a process writes what it did, if it did anything. */
const WRITE_EVERY_MS = 10_000;
/** An idle process writes this often that it still runs. */
const WRITE_IDLE_EVERY_MS = 30_000;
/** How long counts by minute are kept: a day for the chart, and the same day of the week before. */
const KEEP_MINUTES = (8 * DAY_MS) / 60_000;
/** A process that has not written for this long no longer runs. */
const GONE_AFTER_MS = 90_000;

/** The kinds of events that are counted: a lead that was stored, and each outcome of a call. */
export type ActivityKind = 'stored' | 'delivered' | 'rejected' | 'credentials' | 'refused' | 'not_sent' | 'unknown';

export type ActivityReporter = {
  /** Counts one event of this process, in memory. */
  readonly count: (kind: ActivityKind) => void;
  /** Begins to write the counts and the state of this process. */
  readonly start: () => void;
  /** Writes what is left, and removes the state of this process. Never rejects. */
  readonly stop: () => Promise<void>;
};

type Parts = {
  readonly store: ActivityStore;
  /** The state of this process now. */
  readonly state: () => Omit<ReplicaState, 'owner' | 'seenAt'>;
  readonly clock: Clock;
};

/**
 * Reports what this process does, so that operators see all processes in one place. Counts are added up in memory and written
 * every ten seconds if there are any; a process that is killed loses the counts since then. Counts that the storage refuses are kept for the next time.
 */
export function createActivityReporter({ store, state, clock }: Parts): ActivityReporter {
  const counts = new Map<string, MinuteCount>();
  let cancel: (() => void) | undefined;
  let writing: Promise<void> | undefined;
  let stopped = false;

  let last: { readonly at: number; readonly state: unknown } | undefined;

  const write = async ({ always }: { readonly always: boolean }): Promise<void> => {
    const now = clock.now();
    const taken = [...counts.values()];
    const own = state();
    const recent = last !== undefined && now - last.at < WRITE_IDLE_EVERY_MS && now >= last.at;
    if (!always && taken.length === 0 && recent && isDeepStrictEqual(own, last?.state)) return;
    counts.clear();
    try {
      last = { at: now, state: own };
      await store.recordActivity({ ...own, seenAt: now }, taken, {
        forgetBefore: Math.floor(now / 60_000) - KEEP_MINUTES,
        goneBefore: now - GONE_AFTER_MS,
      });
    } catch {
      // The fault of the storage is reported where leads meet it.
      last = undefined;
      for (const one of taken) add(one);
    }
  };

  const add = ({ minute, kind, count }: MinuteCount): void => {
    const key = `${minute} ${kind}`;
    counts.set(key, { minute, kind, count: (counts.get(key)?.count ?? 0) + count });
  };

  const next = (): void => {
    cancel = clock.after(WRITE_EVERY_MS, () => {
      writing = write({ always: false }).finally(() => {
        if (!stopped) next();
      });
    });
  };

  return {
    count: (kind) => add({ minute: Math.floor(clock.now() / 60_000), kind, count: 1 }),
    start() {
      writing = write({ always: true }).finally(() => {
        if (!stopped) next();
      });
    },
    async stop() {
      stopped = true;
      cancel?.();
      await writing;
      await write({ always: false });
      await store.forgetReplica().catch(() => undefined);
    },
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
