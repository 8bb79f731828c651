import t from 'tap';
import { bars, LAST_DAY, LAST_HOUR } from '../../src/admin/console/chart.ts';
import { commandOf } from '../../src/admin/findings.ts';
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
  waiting: [],
  ...changes,
});
const group = (changes: Partial<HealthFacts['waiting'][number]>) => ({ provider: 'main', count: 1, ...changes });

t.test('with nothing wrong all leads flow', async (t) => {
  t.strictSame(findings(facts()), []);
  t.equal(headline([]), 'All leads flow.');
});

const CASES: [what: string, changes: Partial<HealthFacts>, severity: string, text: RegExp, section: string][] = [
  [
    'a parked account',
    {
      parked: [{ id: 'main', parkedAt: 5 }],
      waiting: [
        group({ status: 'queued', count: 2 }),
        group({ status: 'parked', cause: 'provider', count: 30, message: 'account suspended' }),
      ],
    },
    'alarm',
    /credentials of the account main, and 32 leads wait; the provider answers “account suspended”\.$/,
    'the-provider-refuses-our-credentials',
  ],
  [
    'an open breaker of one of two processes',
    {
      replicas: [
        { ...REPLICA, breakers: { 'https://a.example': 'open' }, breakerCauses: { 'https://a.example': 'http_500' } },
        REPLICA,
      ],
    },
    'alarm',
    /^The provider at https:\/\/a\.example takes no leads for 1 of 2 processes: it answers HTTP 500\. Its leads wait\.$/,
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
    /Only 2 of 20 calls .* 18 ended as refused/,
    'the-provider-refuses-every-lead',
  ],
  [
    'an old queued lead',
    { waiting: [group({ status: 'queued', count: 3, oldestSeconds: 3_600 })] },
    'alarm',
    /3 leads of the account main wait for the next try/,
    'the-provider-is-unreachable',
  ],
  [
    'leads whose tries fail, with the words of the provider',
    { waiting: [group({ status: 'queued', count: 1_200, message: 'internal error', oldestSeconds: 40 })] },
    'alarm',
    /1,200 leads of the account main wait for the next try; the provider answers “internal error”/,
    'the-provider-is-unreachable',
  ],
  [
    'leads that a suspended account refuses, with the share of the calls',
    {
      waiting: [group({ status: 'parked', cause: 'refused', count: 60, message: 'account suspended' })],
      activity: [{ minute: 999, kind: 'refused', count: 60 }],
    },
    'alarm',
    /60 leads .*the provider answers “account suspended” \(60 of 60 calls of the last 15 minutes ended so\)/,
    'the-provider-refuses-every-lead',
  ],
  [
    'a process that refuses requests',
    { replicas: [{ ...REPLICA, overloaded: true }, REPLICA] },
    'alarm',
    /^1 of 2 processes has more requests than can be taken, and a part of the requests is answered 503\./,
    'there-is-too-much-to-do',
  ],
  [
    'a listener without free connections',
    { replicas: [{ ...REPLICA, overloaded: true, overloadedBy: 'connections' }] },
    'alarm',
    /^1 of 1 process has as many connections as MAX_CONNECTIONS allows, /,
    'there-is-too-much-to-do',
  ],
  [
    'a storage that takes no writes, of which no process can report',
    { storage: 'The disk is full', replicas: [] },
    'alarm',
    /^The storage fails, and new leads are answered 503: The disk is full\.$/,
    'the-storage-fails',
  ],
  [
    'that no process runs',
    { replicas: [{ ...REPLICA, seenAt: NOW - 90_000 }] },
    'alarm',
    /No process of the gateway has reported/,
    'no-gateway-answers',
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
    'a site that fell silent',
    { sites: { silent: [{ site: 'dealer', since: 5, missed: 1_200 }], refused: [] } },
    'warning',
    /The site dealer sends nothing, and usually sends about 1,200 leads in such a time\.$/,
    'a-site-fell-silent',
  ],
  [
    'a silent site whose new page is refused',
    {
      sites: {
        silent: [{ site: 'dealer', since: 5, missed: 30 }],
        refused: [{ site: 'dealer', origin: 'https://new.example', count: 40 }],
      },
    },
    'warning',
    /dealer sends nothing, .* Requests of https:\/\/new\.example are refused\./,
    'a-site-fell-silent',
  ],
  [
    'a page that is refused',
    { sites: { silent: [], refused: [{ site: 'dealer', origin: 'https://new.example', count: 40 }] } },
    'warning',
    /40 requests of https:\/\/new\.example for the site dealer were refused within a day\.$/,
    'a-site-fell-silent',
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
    { waiting: [group({ status: 'parked', cause: 'schedule' })] },
    'warning',
    /1 lead of the account main waits for an operator \(schedule: every attempt/,
    'leads-that-wait-for-an-operator',
  ],
  [
    'leads that may have arrived',
    { waiting: [group({ status: 'unknown', cause: 'repeats', count: 2 })] },
    'warning',
    /2 leads .* may have reached the provider and are not sent again/,
    'leads-that-wait-for-an-operator',
  ],
  [
    'suspects',
    { waiting: [group({ status: 'held', cause: 'suspect', count: 2 })] },
    'warning',
    /2 leads .* are held \(suspect: looked like a robot/,
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

t.test('leads behind a parked account or an open breaker are told of once, and a few retries not at all', async (t) => {
  const queued = group({ status: 'queued', count: 50, message: 'no answer', oldestSeconds: 900 });
  const account = facts({
    parked: [{ id: 'main', parkedAt: 5 }],
    waiting: [queued, group({ status: 'parked', cause: 'provider', count: 1_000 })],
  });
  t.match(findings(account), [{ text: /account main, and 1,050 leads wait/ }]);
  t.equal(findings(account).length, 1);
  const breaker = facts({
    replicas: [{ ...REPLICA, breakers: { 'https://a.example': 'open' } }],
    endpoints: new Map([['main', 'https://a.example']]),
    waiting: [queued],
  });
  t.match(findings(breaker), [{ text: /a\.example takes no leads/ }]);
  t.equal(findings(breaker).length, 1);
  t.strictSame(findings(facts({ waiting: [{ ...queued, count: 4, oldestSeconds: 299 }] })), []);
});

t.test('a finding names the command that mends it, as a shell takes it', async (t) => {
  const [found] = findings(facts({ waiting: [group({ status: 'parked', cause: 'refused', provider: "o'hara inc" })] }));
  t.equal(
    found?.mend && commandOf(found.mend),
    "leads release --status parked --cause refused --provider 'o'\\''hara inc'",
  );
  const [queued] = findings(facts({ waiting: [group({ status: 'queued', oldestSeconds: 300 })] }));
  t.equal(queued?.mend && commandOf(queued.mend), 'leads retry --provider main');
});

t.test('of many silent sites five are told, and a refused page with the change that admits it', async (t) => {
  const silent = Array.from({ length: 9 }, (_, n) => ({ site: `s${n}`, since: 5, missed: 30 }));
  const found = findings(
    facts({ sites: { silent, refused: [{ site: 's0', origin: 'https://n.example', count: 40 }] } }),
  );
  t.equal(found.length, 6);
  t.match(found[0]?.action, 'add "https://n.example" to sites.s0.origins');
  t.equal(found[5]?.text, '4 more sites fell silent.');
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
