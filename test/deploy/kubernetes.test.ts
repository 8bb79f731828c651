import { globSync, readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { mistakesOf } from '../support/deploy/kubernetes.ts';

const read = (file: string) => parse(readFileSync(file, 'utf8'));
const FILES = globSync('deploy/kubernetes/**/*.yaml').sort();
const DEPLOYMENT = 'deploy/kubernetes/deployment.yaml';

t.test('there is a manifest of each kind', async (t) => {
  const kinds = FILES.map((file) => read(file).kind);
  t.strictSame(kinds.sort(), ['ConfigMap', 'Deployment', 'PodDisruptionBudget', 'Secret', 'Service']);
});

for (const file of FILES) {
  t.test(`${file} has only fields that the Kubernetes API accepts`, async (t) => {
    t.strictSame(await mistakesOf(read(file)), []);
  });
}

t.test('the validator refuses an unknown field at any depth, a missing one and a wrong type', async (t) => {
  const changed = async (change: (spec: Record<string, never>) => void) => {
    const manifest = read(DEPLOYMENT);
    change(manifest.spec.template.spec);
    return mistakesOf(manifest);
  };
  const containers = (spec: Record<string, unknown>) => spec.containers as Record<string, Record<string, unknown>>[];
  t.strictSame(await changed((spec) => Object.assign(containers(spec)[0]?.readinessProbe ?? {}, { periodSecond: 1 })), [
    '/spec/template/spec/containers/0/readinessProbe/periodSecond is unknown',
  ]);
  t.strictSame(await changed((spec) => Object.assign(spec, { terminationGracePeriodSecond: 1 })), [
    '/spec/template/spec/terminationGracePeriodSecond is unknown',
  ]);
  t.match(await changed((spec) => delete (spec as Record<string, unknown>).containers), [/containers/]);
  t.match(await changed((spec) => Object.assign(spec, { terminationGracePeriodSeconds: '35 s' })), [
    /terminationGracePeriodSeconds/,
  ]);
});

t.test(
  'everything selects, budgets and spreads the pods of the Deployment, and names the ports that they have',
  async (t) => {
    const { spec } = read(DEPLOYMENT);
    const labels = spec.template.metadata.labels;
    const service = read('deploy/kubernetes/service.yaml').spec;
    const selectors = [
      spec.selector.matchLabels,
      service.selector,
      read('deploy/kubernetes/disruption-budget.yaml').spec.selector.matchLabels,
      ...spec.template.spec.topologySpreadConstraints.map(
        (constraint: { labelSelector: { matchLabels: object } }) => constraint.labelSelector.matchLabels,
      ),
    ];
    for (const selector of selectors) t.strictSame(selector, labels);
    const [container] = spec.template.spec.containers;
    const ports = container.ports.map(({ name }: { name: string }) => name);
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      t.ok(ports.includes(container[probe].httpGet.port), probe);
    }
    t.strictSame(
      service.ports.map(({ targetPort }: { targetPort: string }) => targetPort),
      ['http'],
      'operators are not on the Service',
    );
  },
);

t.test('a pod has enough time to leave the endpoints and to finish its requests', async (t) => {
  const { terminationGracePeriodSeconds, containers } = read(DEPLOYMENT).spec.template.spec;
  const [, pause] = containers[0].lifecycle.preStop.exec.command;
  t.ok(terminationGracePeriodSeconds >= Number(pause) + 25);
});
