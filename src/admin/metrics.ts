import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Status } from '../domain/lead.ts';
import type { OpenCounts } from '../domain/ports/lead-records.ts';
import type { CapPressure } from '../domain/ports/lead-store.ts';
import type { DestinationState } from '../domain/ports/outgoing-queue.ts';
import type { SendReport } from '../domain/receiver.ts';
import type { AttemptReport } from '../leads/delivery/attempt.ts';
import { ageSeconds } from './operations/views.ts';

/** Statuses that are not final; alerts watch them. */
const OPEN = ['queued', 'held', 'unknown', 'parked'] as const;

const BREAKER = { closed: 0, half_open: 1, open: 2 } as const;

/** Seconds. A call ends after `UPSTREAM_TIMEOUT_MS`, which is 45 s at most. */
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Seconds. A request waits for `DELIVER_WAIT_MS`, and its handler ends 11 s later at most. */
const ANSWER_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Seconds from a second to two days: a lead is delivered while its visitor waits, or at a step of the retry schedule. */
const DELIVERY_BUCKETS = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 172_800];

/** Seconds. A commit that takes longer than a few seconds is given up. */
const COMMIT_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** The label of every site that has no label of its own. */
const OTHER_SITES = 'other';

/** Counts the events that a monitoring system shows. */
export interface EventCounter {
  attempt(report: AttemptReport): void;
  /**
   * Counts a `POST /conversations` that was answered with a stored conversation, by the status in that answer.
   *
   * @param test whether it is a test lead, which no metric counts
   */
  conversation(status: Status, site: string, test?: boolean): void;
  /** Counts a lead of `site` that came near a daily cap, or was held or refused because of one. */
  capPressure(pressure: CapPressure, site: string): void;
  /** Counts a request to the public listener that was answered with an error, by its code. */
  problem(code: string): void;
  /** Counts a suspicious lead of `site`, which is held. */
  suspect(site: string): void;
  /** Measures an answer of the public listener: its route, its status and its duration in milliseconds. */
  answer(route: string, status: number, durationMs: number): void;
  /** Measures a transaction of the storage: the number of its writes and its duration in milliseconds. */
  commit(writes: number, durationMs: number): void;
  /** Counts a request that was refused because there was too much to do. */
  shed(reason: string): void;
  /** Counts an operation that the storage failed to do. */
  storageFault(): void;
  /** Counts a try to send a message outside, or messages that were given up. */
  outgoing(report: SendReport): void;
}

/** Metrics for a monitoring system. Every label is a name from the configuration or from the program. */
export interface Metrics extends EventCounter {
  readonly contentType: string;
  /** Renders Prometheus' text format. Values that the store cannot read now are left out, and a storage fault is counted. */
  render(): Promise<string>;
}

type Parts = {
  /** Keys of the sites that have their own label. All others share the label `other`, so that thousands of sites make no thousands of series. */
  readonly labelledSites: readonly string[];
  readonly openCounts: () => Promise<OpenCounts>;
  /** Receivers outside, with the messages that wait for each. */
  readonly destinations: () => Promise<readonly DestinationState[]>;
  /** Names of all provider accounts. */
  readonly providers: () => readonly string[];
  /** State of each endpoint's circuit breaker; endpoints that were never called may be missing. */
  readonly breakers: () => ReadonlyMap<string, keyof typeof BREAKER>;
  /** Endpoints of the provider accounts. */
  readonly endpoints: () => readonly string[];
  /** How many leads of each account the provider refused in a row; accounts without a refusal may be missing. */
  readonly refusedInARow: () => ReadonlyMap<string, number>;
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
  const labelled = new Set(parts.labelledSites);
  const label = (site: string): string => (labelled.has(site) ? site : OTHER_SITES);
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
  const streaks = new Gauge({
    name: 'tcg_refused_in_a_row',
    help: 'Leads of an account that the provider refused in a row, for other reasons than their own data; in this process.',
    labelNames: ['provider'],
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
  const suspects = new Counter({
    name: 'tcg_suspects_total',
    help: 'Leads that were held because they look like the work of a robot.',
    labelNames: ['site'],
    registers,
  });
  const deliveries = new Histogram({
    name: 'tcg_delivery_seconds',
    help: 'Time from storing a lead until the provider accepted it.',
    labelNames: ['provider'],
    buckets: DELIVERY_BUCKETS,
    registers,
  });
  const answers = new Histogram({
    name: 'tcg_answer_seconds',
    help: 'Duration of a request to the public listener until its answer was sent.',
    labelNames: ['route', 'status'],
    buckets: ANSWER_BUCKETS,
    registers,
  });
  const commits = new Histogram({
    name: 'tcg_commit_seconds',
    help: 'Duration of a transaction that stores leads or outcomes.',
    buckets: COMMIT_BUCKETS,
    registers,
  });
  const batches = new Histogram({
    name: 'tcg_commit_writes',
    help: 'Number of writes that shared a transaction.',
    buckets: BATCH_BUCKETS,
    registers,
  });
  const shed = new Counter({
    name: 'tcg_shed_total',
    help: 'Requests that were answered 503 because there was too much to do.',
    labelNames: ['reason'],
    registers,
  });
  const faults = new Counter({
    name: 'tcg_storage_faults_total',
    help: 'Operations that the storage failed to do.',
    registers,
  });
  const outgoing = new Counter({
    name: 'tcg_outgoing_total',
    help: 'Tries to send messages outside, and messages that were given up (dropped).',
    labelNames: ['destination', 'result'],
    registers,
  });
  const waiting = new Gauge({
    name: 'tcg_outgoing_waiting',
    help: 'Messages that wait to be sent outside.',
    labelNames: ['destination'],
    registers,
  });
  if (parts.process) collectDefaultMetrics({ register: registry });

  const readStore = async (): Promise<void> => {
    try {
      const { byStatus, oldestQueuedAt, parkedProviders } = await parts.openCounts();
      for (const status of OPEN) leads.set({ status }, byStatus[status]);
      oldest.set(oldestQueuedAt === undefined ? 0 : ageSeconds(oldestQueuedAt, parts.now()));
      for (const provider of parts.providers()) parked.set({ provider }, parkedProviders.includes(provider) ? 1 : 0);
      waiting.reset();
      for (const state of await parts.destinations()) waiting.set({ destination: state.destination }, state.waiting);
    } catch {
      // A stale value would hide the fault of the storage.
      waiting.reset();
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
      const counts = parts.refusedInARow();
      for (const provider of parts.providers()) streaks.set({ provider }, counts.get(provider) ?? 0);
      refused.set(parts.refused() ? 1 : 0);
      if (parts.limits) limits.set(parts.limits() === 'shared' ? 1 : 0);
      return registry.metrics();
    },
    attempt({ lead: { provider }, context, answer, settled }) {
      if (answer.uncalled) return;
      const stored = settled?.conversation;
      if (stored?.status === 'delivered')
        deliveries.observe({ provider }, Math.max(0, stored.updatedAt - stored.createdAt) / 1_000);
      const labels = { class: answer.outcome.class, provider };
      attempts.inc(labels);
      durations.observe(labels, answer.durationMs / 1_000);
      if (context.mayHaveArrived) repeats.inc();
    },
    conversation: (status, site) => conversations.inc({ status, site: label(site) }),
    capPressure: ({ cap, level }, site) => capPressure.inc({ cap, level, site: label(site) }),
    suspect: (site) => suspects.inc({ site: label(site) }),
    answer: (route, status, durationMs) =>
      answers.observe({ route, status: `${Math.floor(status / 100)}xx` }, durationMs / 1_000),
    commit(writes, durationMs) {
      commits.observe(durationMs / 1_000);
      batches.observe(writes);
    },
    problem: (code) => problems.inc({ code }),
    shed: (reason) => shed.inc({ reason }),
    storageFault: () => faults.inc(),
    outgoing: ({ destination, result, count }) => outgoing.inc({ destination, result }, count),
  };
}
