import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Status } from '../domain/lead.ts';
import type { OpenCounts } from '../domain/ports/lead-records.ts';
import type { CapPressure } from '../domain/ports/lead-store.ts';
import type { AttemptReport } from '../leads/delivery/attempt.ts';
import { ageSeconds } from './operations/views.ts';

/** Statuses that are not final; alerts watch them. */
const OPEN = ['queued', 'held', 'unknown', 'parked'] as const;

const BREAKER = { closed: 0, half_open: 1, open: 2 } as const;

/** Seconds. A call ends after `UPSTREAM_TIMEOUT_MS`, which is 45 s at most. */
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Counts the events that a monitoring system shows. */
export interface EventCounter {
  attempt(report: AttemptReport): void;
  /** Counts a `POST /conversations` that was answered with a stored conversation, by the status in that answer. */
  conversation(status: Status, site: string): void;
  /** Counts a lead of `site` that came near a daily cap, or was held or refused because of one. */
  capPressure(pressure: CapPressure, site: string): void;
  /** Counts a request to the public listener that was answered with an error, by its code. */
  problem(code: string): void;
  /** Counts an operation that the storage failed to do. */
  storageFault(): void;
}

/** Metrics for a monitoring system. Every label is a name from the configuration or from the program. */
export interface Metrics extends EventCounter {
  readonly contentType: string;
  /** Renders Prometheus' text format. Values that the store cannot read now are left out, and a storage fault is counted. */
  render(): Promise<string>;
}

type Parts = {
  readonly openCounts: () => Promise<OpenCounts>;
  /** Names of all provider accounts. */
  readonly providers: () => readonly string[];
  /** State of each endpoint's circuit breaker; endpoints that were never called may be missing. */
  readonly breakers: () => ReadonlyMap<string, keyof typeof BREAKER>;
  /** Endpoints of the provider accounts. */
  readonly endpoints: () => readonly string[];
  /** Whether new settings were refused, so that the previous ones are still in use. */
  readonly refused: () => boolean;
  /** Whether rate limits are counted in Redis or in this process; absent without Redis. */
  readonly limits?: () => 'shared' | 'local';
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether to add prom-client's metrics of the process itself, which observe the event loop from then on. */
  readonly process: boolean;
};

/** Creates an independent registry of metrics; two instances share nothing. */
export function createMetrics(parts: Parts): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const leads = new Gauge({ name: 'tcg_leads', help: 'Leads that are not final.', labelNames: ['status'], registers });
  const oldest = new Gauge({
    name: 'tcg_oldest_queued_seconds',
    help: 'Age of the oldest queued lead; 0 if none is queued.',
    registers,
  });
  const parked = new Gauge({
    name: 'tcg_providers_parked',
    help: '1 while the provider account is parked because its credentials are refused.',
    labelNames: ['provider'],
    registers,
  });
  const breaker = new Gauge({
    name: 'tcg_breaker_state',
    help: 'Circuit breaker of an endpoint in this process: 0 closed, 1 half open, 2 open.',
    labelNames: ['endpoint'],
    registers,
  });
  const refused = new Gauge({
    name: 'tcg_settings_refused',
    help: '1 while the settings on disk have mistakes and the previous ones are in use.',
    registers,
  });
  const limits = new Gauge({
    name: 'tcg_limits_shared',
    help: '1 while the replicas count rate limits together in Redis, 0 while this process counts alone.',
    registers,
  });
  limits.remove();
  const attempts = new Counter({
    name: 'tcg_attempts_total',
    help: 'Calls to the provider, by class of outcome.',
    labelNames: ['class', 'provider'],
    registers,
  });
  const durations = new Histogram({
    name: 'tcg_attempt_duration_seconds',
    help: 'Duration of a call to the provider.',
    labelNames: ['class', 'provider'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const repeats = new Counter({
    name: 'tcg_possible_repeats_total',
    help: 'Calls for a lead that an earlier call may already have delivered.',
    registers,
  });
  const conversations = new Counter({
    name: 'tcg_conversations_total',
    help: 'Requests answered with a stored conversation, by its status in the answer.',
    labelNames: ['status', 'site'],
    registers,
  });
  const capPressure = new Counter({
    name: 'tcg_cap_pressure_total',
    help: 'Leads that brought a daily cap to four fifths (near), were held beyond it (reached), or were refused beyond ten times it (exceeded).',
    labelNames: ['cap', 'level', 'site'],
    registers,
  });
  const problems = new Counter({
    name: 'tcg_problems_total',
    help: 'Requests to the public listener that were answered with an error, by its code.',
    labelNames: ['code'],
    registers,
  });
  const faults = new Counter({
    name: 'tcg_storage_faults_total',
    help: 'Operations that the storage failed to do.',
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
      // A stale value would hide the fault of the storage.
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
      // An endpoint that is no longer configured keeps no value.
      breaker.reset();
      for (const endpoint of parts.endpoints()) breaker.set({ endpoint }, BREAKER[states.get(endpoint) ?? 'closed']);
      refused.set(parts.refused() ? 1 : 0);
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
    capPressure: ({ cap, level }, site) => capPressure.inc({ cap, level, site }),
    problem: (code) => problems.inc({ code }),
    storageFault: () => faults.inc(),
  };
}
