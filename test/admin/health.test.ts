import t from 'tap';
import { bars, LAST_DAY, LAST_HOUR } from '../../src/admin/console/chart.ts';
import { duration, findings, type HealthFacts, headline } from '../../src/admin/health.ts';

const NOW = 1_000 * 60_000;
const STATUSES = { queued: 0, delivered: 9, rejected: 0, held: 0, unknown: 0, parked: 0 };
const REPLICA = { owner: 'a:1:x', version: '1.0.0', startedAt: 0, seenAt: NOW, breakers: {}, settingsRefused: false };

const facts = (changes: Partial<HealthFacts> = {}): HealthFacts => ({
  now: NOW,
  stats: { byStatus: STATUSES, suppressions: 0, parkedProviders: [] } as unknown as HealthFacts['stats'],
  replicas: [REPLICA],
  activity: [{ minute: 999, kind: 'delivered', count: 20 }],
  parked: [],
  ...changes,
});
const stats = (changes: object): HealthFacts['stats'] => ({ ...facts().stats, ...changes });

t.test('with nothing wrong all leads flow', async (t) => {
  t.strictSame(findings(facts()), []);
  t.equal(headline([]), 'All leads flow.');
});

const CASES: [what: string, changes: Partial<HealthFacts>, severity: string, text: RegExp, section: string][] = [
  [
    'a parked account',
    { parked: [{ id: 'main', parkedAt: 5 }] },
    'alarm',
    /account main/,
    'the-provider-refuses-our-credentials',
  ],
  [
    'an open breaker of one of two processes',
    { replicas: [{ ...REPLICA, breakers: { 'https://a.example': 'open' } }, REPLICA] },
    'alarm',
    /https:\/\/a\.example is unreachable for 1 of 2 processes/,
    'the-provider-is-unreachable',
  ],
  [
    'calls that end as refused',
    {
      activity: [
        { minute: 999, kind: 'delivered', count: 2 },
        { minute: 999, kind: 'refused', count: 18 },
      ],
    },
    'alarm',
    /Only 2 of 20 calls .* refused/,
    'leads-that-wait-for-an-operator',
  ],
  [
    'an old queued lead',
    { stats: stats({ oldestQueuedSeconds: 3_600, byStatus: { ...STATUSES, queued: 3 } }) },
    'alarm',
    /3 leads are queued, and the oldest waits 60 min/,
    'the-provider-is-unreachable',
  ],
  [
    'refused settings',
    { replicas: [{ ...REPLICA, settingsRefused: true }] },
    'warning',
    /settings on disk have mistakes/,
    'the-settings-are-refused',
  ],
  [
    'Redis away',
    { replicas: [{ ...REPLICA, limits: 'local' }] },
    'warning',
    /Redis is unreachable/,
    'redis-is-unreachable',
  ],
  [
    'two versions',
    { replicas: [REPLICA, { ...REPLICA, version: '2.0.0' }] },
    'warning',
    /1\.0\.0, 2\.0\.0/,
    'many-replicas',
  ],
  [
    'a parked lead',
    { stats: stats({ byStatus: { ...STATUSES, parked: 1 } }) },
    'warning',
    /1 lead need an operator|1 lead .*parked/,
    'leads-that-wait-for-an-operator',
  ],
];

for (const [what, changes, severity, text, section] of CASES) {
  t.test(`${what} is told with its section of the runbook`, async (t) => {
    const found = findings(facts(changes));
    t.match(found, [{ severity, text, section }]);
    t.match(headline(found), text);
    t.equal(headline(found).startsWith('Leads flow.'), severity === 'warning');
  });
}

t.test('few calls say nothing about the provider, and a parked account explains its own failures', async (t) => {
  t.strictSame(findings(facts({ activity: [{ minute: 999, kind: 'unknown', count: 9 }] })), []);
  const parked = [{ id: 'main', parkedAt: 5 }];
  t.equal(findings(facts({ parked, activity: [{ minute: 999, kind: 'credentials', count: 50 }] })).length, 1);
});

t.test('durations are told in a unit that gives at least two of it', async (t) => {
  t.strictSame([0, 119, 120, 7_199, 7_200, 172_800].map(duration), ['0 s', '119 s', '2 min', '120 min', '2 h', '2 d']);
});

t.test('counts are drawn in the bar of their minute, and older ones in none', async (t) => {
  const counts = [
    { minute: 1_000, kind: 'delivered', count: 1 },
    { minute: 941, kind: 'unknown', count: 2 },
    { minute: 940, kind: 'delivered', count: 4 },
  ];
  const hour = bars(counts, LAST_HOUR, NOW);
  t.equal(hour.length, 60);
  t.strictSame([...(hour[59] ?? [])], [['delivered', 1]]);
  t.strictSame([...(hour[0] ?? [])], [['unknown', 2]]);
  t.equal(
    hour.reduce((sum, bar) => sum + (bar.get('delivered') ?? 0), 0),
    1,
  );
  t.equal(
    bars(counts, LAST_DAY, NOW).reduce((sum, bar) => sum + (bar.get('delivered') ?? 0), 0),
    5,
  );
});
