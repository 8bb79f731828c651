import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { OpenCounts } from '../domain/ports/lead-records.ts';
import type { Counting } from './counting.ts';
import { ageSeconds } from './operations/views.ts';

/** Statuses in which a lead is not where it should end: the ones to alert on. */
const OPEN = ['queued', 'held', 'unknown', 'parked'] as const;

const BREAKER = { closed: 0, half_open: 1, open: 2 } as const;

/** Seconds; a call ends after `UPSTREAM_TIMEOUT_MS`, which is 45 s at most. */
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Numbers for a monitoring system. Every label is a name of the configuration or of the program. */
export interface Metrics extends Counting {
  readonly contentType: string;
  /** The exposition. What the store cannot tell now is left out, and counted as a fault of the storage. */
  render(): Promise<string>;
}

type Parts = {
  readonly openCounts: () => Promise<OpenCounts>;
  /** Names of all provider accounts. */
  readonly providers: () => readonly string[];
  /** State of each region's breaker; those that were never used may be missing. */
  readonly breakers: () => ReadonlyMap<string, keyof typeof BREAKER>;
  /** Regions of the provider accounts. */
  readonly regions: () => readonly string[];
  /** Who counts callers, where replicas can do it together. */
  readonly limits?: () => 'shared' | 'local';
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Also what prom-client measures of the process itself; it observes the event loop from then on. */
  readonly process: boolean;
};

export function createMetrics(parts: Parts): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const leads = new Gauge({ name: 'tcg_leads', help: 'Leads that are not final.', labelNames: ['status'], registers });
  const oldest = new Gauge({
    name: 'tcg_oldest_queued_seconds',
    help: 'Age of the longest waiting queued lead; 0 where none is queued.',
    registers,
  });
  const parked = new Gauge({
    name: 'tcg_providers_parked',
    help: '1 while the provider refuses our credentials.',
    labelNames: ['provider'],
    registers,
  });
  const breaker = new Gauge({
    name: 'tcg_breaker_state',
    help: 'Breaker of a region in this process: 0 closed, 1 half open, 2 open.',
    labelNames: ['region'],
    registers,
  });
  const limits = new Gauge({
    name: 'tcg_limits_shared',
    help: '1 while replicas count callers together, 0 while this process counts by itself although it should not.',
    registers,
  });
  limits.remove();
  const attempts = new Counter({
    name: 'tcg_attempts_total',
    help: 'Calls to the provider, by what they came to.',
    labelNames: ['class', 'provider'],
    registers,
  });
  const durations = new Histogram({
    name: 'tcg_attempt_duration_seconds',
    help: 'Time of a call to the provider.',
    labelNames: ['class', 'provider'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const repeats = new Counter({
    name: 'tcg_possible_repeats_total',
    help: 'Calls for a lead that may have arrived by an earlier call.',
    registers,
  });
  const conversations = new Counter({
    name: 'tcg_conversations_total',
    help: 'Requests answered with a stored conversation, by its status then.',
    labelNames: ['status', 'site'],
    registers,
  });
  const faults = new Counter({
    name: 'tcg_storage_faults_total',
    help: 'Times that the storage did not do what was asked of it.',
    registers,
  });
  if (parts.process) collectDefaultMetrics({ register: registry });

  const readStore = async (): Promise<void> => {
    try {
      const { byStatus, oldestQueuedAt, parkedProviders } = await parts.openCounts();
      for (const status of OPEN) leads.set({ status }, byStatus[status]);
      oldest.set(oldestQueuedAt === undefined ? 0 : ageSeconds(oldestQueuedAt, parts.now()));
      for (const provider of parts.providers()) parked.set({ provider }, parkedProviders.includes(provider) ? 1 : 0);
    } catch {
      // An old number would look like a calm one.
      leads.reset();
      oldest.remove();
      parked.reset();
      faults.inc();
    }
  };

  return {
    contentType: registry.contentType,
    async render() {
      await readStore();
      const states = parts.breakers();
      for (const region of parts.regions()) breaker.set({ region }, BREAKER[states.get(region) ?? 'closed']);
      if (parts.limits) limits.set(parts.limits() === 'shared' ? 1 : 0);
      return registry.metrics();
    },
    attempt({ lead: { provider }, context, answer }) {
      if (answer.uncalled) return;
      const labels = { class: answer.outcome.class, provider };
      attempts.inc(labels);
      durations.observe(labels, answer.durationMs / 1_000);
      if (context.mayHaveArrived) repeats.inc();
    },
    conversation: (status, site) => conversations.inc({ status, site }),
    storageFault: () => faults.inc(),
  };
}
