import t from 'tap';
import { createMetrics } from '../../src/admin/metrics.ts';
import type { OpenCounts } from '../../src/domain/ports/lead-records.ts';
import type { OutcomeClass } from '../../src/domain/provider.ts';
import type { AttemptReport } from '../../src/leads/delivery/attempt.ts';
import { readExposition } from '../support/admin/exposition.ts';

const COUNTS: OpenCounts = {
  byStatus: { queued: 3, held: 2, unknown: 1, parked: 5 },
  oldestQueuedAt: 70_000,
  parkedProviders: ['eu-main'],
};

function metrics(changes: Partial<Parameters<typeof createMetrics>[0]> = {}) {
  return createMetrics({
    labelledSites: ['demo'],
    openCounts: async () => COUNTS,
    destinations: async () => [{ destination: 'notify:chat', waiting: 2 }],
    providers: () => ['default', 'eu-main'],
    breakers: () => new Map([['https://eu.example', 'half_open']]),
    endpoints: () => ['https://na.example', 'https://eu.example'],
    refused: () => false,
    refusedInARow: () => new Map([['eu-main', 7]]),
    now: () => 100_000,
    process: false,
    ...changes,
  });
}

function report(outcome: OutcomeClass, durationMs: number, mayHaveArrived = false): AttemptReport {
  return {
    lead: { site: 'demo', provider: 'default' },
    lease: { id: 'cnv_1', fence: 1, provider: 'default', attempts: 0, createdAt: 1_000 },
    context: { tries: 0, unknowns: 0, mayHaveArrived },
    answer: { outcome: { class: outcome } as AttemptReport['answer']['outcome'], durationMs },
    settlement: { status: 'delivered', attempted: true },
    settled: undefined,
  };
}

t.test('each scrape reads the store, the circuit breakers and the configuration', async (t) => {
  const { samples } = readExposition(await metrics().render());
  t.equal(samples.get('tcg_leads{status="queued"}'), 3);
  t.equal(samples.get('tcg_leads{status="parked"}'), 5);
  t.equal(samples.has('tcg_leads{status="delivered"}'), false, 'final leads have no gauge');
  t.equal(samples.get('tcg_oldest_queued_seconds'), 30);
  t.equal(samples.get('tcg_providers_parked{provider="default"}'), 0);
  t.equal(samples.get('tcg_providers_parked{provider="eu-main"}'), 1);
  t.equal(samples.get('tcg_refused_in_a_row{provider="eu-main"}'), 7);
  t.equal(samples.get('tcg_refused_in_a_row{provider="default"}'), 0);
  t.equal(
    samples.get('tcg_breaker_state{endpoint="https://na.example"}'),
    0,
    'the breaker of an endpoint that was never called is closed',
  );
  t.equal(samples.get('tcg_breaker_state{endpoint="https://eu.example"}'), 1);
  t.equal(samples.get('tcg_outgoing_waiting{destination="notify:chat"}'), 2);
});

t.test(
  'attempts, possible repeats, conversations, caps, refused requests and storage faults are counted',
  async (t) => {
    const subject = metrics();
    subject.attempt(report('delivered', 120));
    subject.attempt(report('unknown', 10_000));
    subject.attempt(report('delivered', 40, true));
    subject.conversation('delivered', 'demo');
    subject.capPressure({ cap: 'site', level: 'reached' }, 'demo');
    subject.problem('origin_not_allowed');
    subject.problem('origin_not_allowed');
    subject.storageFault();
    subject.suspect('demo');
    subject.shed('event_loop');
    for (const site of ['one', 'two']) subject.conversation('queued', site);
    subject.answer('/conversations', 201, 40);
    subject.commit(3, 7);
    const { lease, ...delivered } = report('delivered', 40);
    const conversation = {
      id: lease.id,
      status: 'delivered',
      attempts: 2,
      createdAt: 1_000,
      updatedAt: 91_000,
    } as const;
    subject.attempt({ ...delivered, lease, settled: { conversation, parkedProvider: false } });
    subject.outgoing({ destination: 'notify:chat', result: 'failed', count: 1, failure: 'timeout' });
    subject.outgoing({ destination: 'notify:chat', result: 'dropped', count: 3 });
    const { samples } = readExposition(await subject.render());
    t.equal(samples.get('tcg_outgoing_total{destination="notify:chat",result="failed"}'), 1);
    t.equal(samples.get('tcg_outgoing_total{destination="notify:chat",result="dropped"}'), 3);
    t.equal(samples.get('tcg_cap_pressure_total{cap="site",level="reached",site="demo"}'), 1);
    t.equal(samples.get('tcg_problems_total{code="origin_not_allowed"}'), 2);
    t.equal(samples.get('tcg_suspects_total{site="demo"}'), 1);
    t.equal(samples.get('tcg_shed_total{reason="event_loop"}'), 1);
    t.equal(samples.get('tcg_conversations_total{status="queued",site="other"}'), 2, 'unlisted sites share a label');
    t.equal(samples.get('tcg_answer_seconds_bucket{le="0.05",route="/conversations",status="2xx"}'), 1);
    t.equal(samples.get('tcg_answer_seconds_bucket{le="0.025",route="/conversations",status="2xx"}'), 0);
    t.equal(samples.get('tcg_commit_writes_sum'), 3);
    t.equal(samples.get('tcg_commit_seconds_sum'), 0.007);
    t.equal(samples.get('tcg_delivery_seconds_sum{provider="default"}'), 90, 'from storing to the acceptance');
    t.equal(samples.get('tcg_attempts_total{class="delivered",provider="default"}'), 3);
    t.equal(samples.get('tcg_attempts_total{class="unknown",provider="default"}'), 1);
    t.equal(samples.get('tcg_attempt_duration_seconds_sum{class="delivered",provider="default"}'), 0.2);
    t.equal(samples.get('tcg_attempt_duration_seconds_bucket{le="0.05",class="delivered",provider="default"}'), 2);
    t.equal(samples.get('tcg_possible_repeats_total'), 1, 'only a call after one of unknown outcome may be a repeat');
    t.equal(samples.get('tcg_conversations_total{status="delivered",site="demo"}'), 1);
    t.equal(samples.get('tcg_storage_faults_total'), 1);
  },
);

t.test(
  'while the store cannot be read its metrics are absent instead of stale, and the fault is counted',
  async (t) => {
    let readable = true;
    const subject = metrics({
      openCounts: async () => {
        if (readable) return COUNTS;
        throw new Error('gone');
      },
    });
    await subject.render();
    readable = false;
    const { samples } = readExposition(await subject.render());
    const stale = [...samples.keys()].filter((name) => /^tcg_(leads|oldest|providers)/.test(name));
    t.strictSame(stale, []);
    t.equal(samples.get('tcg_storage_faults_total'), 1);
    t.equal(samples.get('tcg_breaker_state{endpoint="https://eu.example"}'), 1, 'the other metrics are still rendered');
    readable = true;
    t.equal(readExposition(await subject.render()).samples.get('tcg_oldest_queued_seconds'), 30);
  },
);

t.test('tcg_settings_refused shows whether the settings on disk have mistakes', async (t) => {
  let refused = true;
  const subject = metrics({ refused: () => refused });
  t.equal(readExposition(await subject.render()).samples.get('tcg_settings_refused'), 1);
  refused = false;
  t.equal(readExposition(await subject.render()).samples.get('tcg_settings_refused'), 0);
});

t.test('tcg_limits_shared shows whether Redis counts rate limits, and is absent without Redis', async (t) => {
  let state: 'shared' | 'local' = 'shared';
  const subject = metrics({ limits: () => state });
  t.equal(readExposition(await subject.render()).samples.get('tcg_limits_shared'), 1);
  state = 'local';
  t.equal(readExposition(await subject.render()).samples.get('tcg_limits_shared'), 0);
  t.equal(readExposition(await metrics().render()).samples.has('tcg_limits_shared'), false);
});

t.test('the age of the oldest queued lead is 0 if none is queued', async (t) => {
  const { oldestQueuedAt: _none, ...rest } = COUNTS;
  const { samples } = readExposition(await metrics({ openCounts: async () => rest }).render());
  t.equal(samples.get('tcg_oldest_queued_seconds'), 0);
});

t.test('every metric of the gateway has a help text, a type and the prefix tcg_', async (t) => {
  const { help, types } = readExposition(await metrics().render());
  t.strictSame([...types.keys()].sort(), [...help.keys()].sort());
  t.ok(types.size >= 9);
  for (const name of types.keys()) t.match(name, /^tcg_/);
});

t.test('two instances share nothing', async (t) => {
  const one = metrics();
  const other = metrics();
  one.storageFault();
  t.equal(readExposition(await other.render()).samples.get('tcg_storage_faults_total'), 0);
});

t.test('metrics of the process are included if asked for', async (t) => {
  const { samples } = readExposition(await metrics({ process: true }).render());
  t.ok((samples.get('process_resident_memory_bytes') ?? 0) > 1_000_000);
});
