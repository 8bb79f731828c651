import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import t from 'tap';
import { parse } from 'yaml';

type Service = {
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly stop_grace_period?: string;
  readonly networks?: readonly string[] | Readonly<Record<string, { ipv4_address: string }>>;
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
  readonly networks: Readonly<Record<string, { ipam?: { config: readonly { subnet: string }[] } } | null>>;
};

const compose: Compose = parse(readFileSync('docker-compose.yml', 'utf8'));
const scale = Object.entries(compose.services).filter(([, { profiles }]) => profiles?.includes('scale'));
const service = (name: string): Service => compose.services[name] ?? {};

const schema = JSON.parse(readFileSync('node_modules/dclint/schemas/compose.schema.json', 'utf8'));
const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile({
  ...schema,
  $schema: undefined,
});

t.test('docker-compose.yml is what the Compose specification allows, to the last name', async (t) => {
  t.ok(validate(compose), JSON.stringify(validate.errors));
  t.notOk(validate({ ...compose, services: { ...compose.services, replica: { ...service('replica'), imgae: 'x' } } }));
});

t.test('without a profile there is the demo and nothing else', async (t) => {
  const demo = Object.entries(compose.services).filter(([, { profiles }]) => profiles === undefined);
  t.strictSame(demo.map(([name]) => name).sort(), ['gateway', 'simulator']);
  t.strictSame(scale.map(([name]) => name).sort(), ['balancer', 'postgres', 'redis', 'replica']);
});

t.test(
  'what scales is reached through the balancer alone, and each part waits for the health of what it needs',
  async (t) => {
    for (const [name, { ports, healthcheck }] of scale) {
      t.strictSame(ports ?? [], name === 'balancer' ? ['127.0.0.1:8000:8000'] : [], name);
      t.ok(healthcheck, `${name} has a health check`);
    }
    t.strictSame(service('balancer').depends_on, { replica: { condition: 'service_healthy' } });
    for (const needed of ['postgres', 'redis']) {
      t.equal(service('replica').depends_on?.[needed]?.condition, 'service_healthy');
    }
  },
);

t.test('replicas believe the balancer about addresses, and nobody else in its network', async (t) => {
  const { edge } = service('balancer').networks as Record<string, { ipv4_address: string }>;
  t.equal(service('replica').environment?.TRUST_PROXY, edge?.ipv4_address);
});

t.test('secrets are files that deploy/compose/secrets.sh makes, and each is used', async (t) => {
  const made = readFileSync('deploy/compose/secrets.sh', 'utf8');
  const used = new Set(Object.values(compose.services).flatMap(({ secrets = [] }) => secrets));
  for (const [name, { file }] of Object.entries(compose.secrets)) {
    t.equal(file, `./deploy/compose/secrets/${name}`);
    t.match(made, new RegExp(`(keep|ask|none) ${name}\\s`));
    t.ok(used.has(name), name);
  }
  t.match(readFileSync('.gitignore', 'utf8'), '\n/deploy/compose/secrets/\n');
});

t.test('the balancer waits longer than a gateway takes, and a stop longer than both', async (t) => {
  const config = readFileSync('deploy/compose/haproxy.cfg', 'utf8');
  const seconds = (name: string) => Number(new RegExp(`^ *${name} (\\d+)s$`, 'm').exec(config)?.[1]);
  t.ok(seconds('timeout server') > 15, 'a gateway answers within 15 s');
  t.ok(seconds('timeout client') > 10, 'a request may take 10 s to come in');
  t.ok(seconds('hard-stop-after') > seconds('timeout server'));
  t.ok(Number.parseInt(service('balancer').stop_grace_period ?? '', 10) > seconds('hard-stop-after'));
  t.ok(Number.parseInt(service('replica').stop_grace_period ?? '', 10) >= 25);
});
