import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { createMetrics } from '../../src/admin/metrics.ts';
import { SECTIONS } from '../../src/outgoing/texts.ts';

type Rule = {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
};
type Panel = { title: string; targets: { expr: string }[]; datasource: { uid: string } };

const FOLDER = 'deploy/monitoring';
const rules: Rule[] = parse(readFileSync(`${FOLDER}/alerts.yml`, 'utf8')).groups[0].rules;
const dashboard: { panels: Panel[] } = JSON.parse(readFileSync(`${FOLDER}/grafana/dashboards/gateway.json`, 'utf8'));
const expressions = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
];

const promtool = (...words: string[]) => spawnSync('promtool', words, { encoding: 'utf8' });
const NO_PROMTOOL = promtool('--version').error ? 'promtool is not installed (Debian package prometheus)' : false;

t.test(
  'Prometheus accepts the rules and its configuration, and every alert passes its tests',
  { skip: NO_PROMTOOL },
  async (t) => {
    for (const words of [
      ['check', 'rules', `${FOLDER}/alerts.yml`],
      ['check', 'config', '--syntax-only', `${FOLDER}/prometheus.yml`],
      ['test', 'rules', `${FOLDER}/alerts.test.yml`],
    ]) {
      const { status, stdout, stderr } = promtool(...words);
      t.equal(status, 0, `${words.join(' ')}\n${stdout}${stderr}`);
    }
  },
);

t.test('each alert has a test in which it fires and one in which it is silent', async (t) => {
  const { tests }: { tests: { name: string }[] } = parse(readFileSync(`${FOLDER}/alerts.test.yml`, 'utf8'));
  t.strictSame(
    tests.map(({ name }) => name).sort(),
    rules.flatMap(({ alert }) => [`${alert} fires`, `${alert} is silent`]).sort(),
  );
});

t.test('Prometheus can parse every query of the dashboard', { skip: NO_PROMTOOL }, async (t) => {
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const file = join(t.testdir(), 'queries.json');
  // JSON is YAML: each query becomes a recording rule.
  writeFileSync(
    file,
    JSON.stringify({
      groups: [{ name: 'queries', rules: queries.map((expr, n) => ({ record: `query:${n}`, expr })) }],
    }),
  );
  const { status, stdout, stderr } = promtool('check', 'rules', file);
  t.equal(status, 0, stdout + stderr);
  t.ok(queries.length > 20);
});

t.test('rules and dashboard use only metrics and labels that the gateway exposes', async (t) => {
  const metrics = createMetrics({
    labelledSites: [],
    openCounts: () => Promise.reject(new Error('not asked')),
    destinations: async () => [],
    providers: () => [],
    breakers: () => new Map(),
    endpoints: () => [],
    refused: () => false,
    refusedInARow: () => new Map(),
    limits: () => 'shared',
    now: () => 0,
    process: true,
  });
  const known = new Set(
    [...(await metrics.render()).matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name, type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
  for (const expression of expressions)
    for (const [name] of expression.matchAll(/\b(tcg|process|nodejs)_\w+/g))
      t.ok(known.has(name), `${name} in ${expression}`);
});

t.test('each alert and each notification names an existing section of the runbook, which lists them all', async (t) => {
  const guide = readFileSync('docs/operations.md', 'utf8');
  const anchors = new Set(
    [...guide.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
  for (const { alert, labels, annotations } of rules) {
    const [file, anchor = ''] = annotations.runbook.split('#');
    t.equal(file, 'docs/operations.md');
    t.ok(anchors.has(anchor), annotations.runbook);
    t.match(guide, new RegExp(`^\\| \`${alert}\` \\| ${labels.severity} \\|`, 'm'));
  }
  for (const [condition, section] of Object.entries(SECTIONS)) {
    t.ok(anchors.has(section), `${condition}: ${section}`);
    t.match(guide, new RegExp(`^\\| [^|]*\`${condition}\`[^|]* \\|`, 'm'));
  }
});

t.test(
  'Prometheus and Grafana are hardened, have health checks, and publish nothing but a page on loopback',
  async (t) => {
    type Service = {
      image?: string;
      profiles?: string[];
      ports?: string[];
      read_only?: boolean;
      cap_drop?: string[];
      healthcheck?: { test: string[] };
      networks: string[];
      secrets?: string[];
    };
    const {
      services,
      secrets,
      networks,
    }: { services: Record<string, Service>; secrets: object; networks: Record<string, { internal?: boolean }> } = parse(
      readFileSync(`${FOLDER}/docker-compose.yml`, 'utf8'),
      { merge: true },
    );
    t.strictSame(Object.keys(services).sort(), ['grafana', 'prometheus', 'replica']);
    t.strictSame(services.replica, { networks: ['monitoring'] }, 'the replicas only join a network');
    t.equal(networks.monitoring?.internal, true);
    for (const name of ['grafana', 'prometheus']) {
      const { image, profiles, ports = [], read_only, cap_drop, healthcheck } = services[name] as Service;
      t.match(image, /^[a-z]+\/[a-z]+:v?\d+\.\d+\.\d+$/);
      t.strictSame({ profiles, read_only, cap_drop }, { profiles: ['monitoring'], read_only: true, cap_drop: ['ALL'] });
      t.ok(healthcheck?.test.length, name);
      for (const port of ports) t.match(port, /^127\.0\.0\.1:/);
    }
    const made = readFileSync('deploy/compose/secrets.sh', 'utf8');
    const compose: { secrets: object } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
    const known = new Set([...Object.keys(secrets), ...Object.keys(compose.secrets)]);
    for (const secret of Object.values(services).flatMap(({ secrets: used = [] }) => used)) {
      t.ok(known.has(secret), secret);
      t.match(made, new RegExp(`keep ${secret} `));
    }
  },
);
