import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { Ajv } from 'ajv';
import t from 'tap';
import { parse } from 'yaml';

type Networks = readonly string[] | Readonly<Record<string, { ipv4_address?: string }>>;
type Service = {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly mem_limit?: string;
  readonly network_mode?: string;
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly stop_grace_period?: string;
  readonly networks?: Networks;
};
type AddressPlan = { readonly subnet: string; readonly gateway?: string; readonly ip_range?: string };
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
  readonly networks: Readonly<Record<string, { ipam?: { config: readonly AddressPlan[] } } | null>>;
};

const text = readFileSync('docker-compose.yml', 'utf8');
const compose: Compose = parse(text, { merge: true });
const dockerfile = readFileSync('Dockerfile', 'utf8');
const services = Object.entries(compose.services);
/** What the gateway's own image runs in. */
const OURS = 'text-connect-gateway';
const scale = services.filter(([, { profiles }]) => profiles?.includes('scale'));
const service = (name: string): Partial<Service> => compose.services[name] ?? {};

const schema = JSON.parse(readFileSync('node_modules/dclint/schemas/compose.schema.json', 'utf8'));
const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile({
  ...schema,
  $schema: undefined,
});

t.test('every name in docker-compose.yml is allowed by the Compose specification', async (t) => {
  t.ok(validate(compose), JSON.stringify(validate.errors));
  t.notOk(validate({ ...compose, services: { ...compose.services, replica: { ...service('replica'), imgae: 'x' } } }));
});

t.test('without a profile only the demo starts', async (t) => {
  const demo = services.filter(([, { profiles }]) => profiles === undefined);
  t.strictSame(
    demo.map(([name]) => name),
    ['gateway'],
  );
  t.strictSame(scale.map(([name]) => name).sort(), ['balancer', 'postgres', 'redis', 'replica']);
});

t.test('the demo is opened inside its container, and published on loopback alone', async (t) => {
  t.match(service('gateway').environment, { NODE_ENV: 'development', SIMULATOR_HOST: '0.0.0.0' });
  for (const port of service('gateway').ports ?? []) t.match(port, /^127\.0\.0\.1:/);
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

t.test("replicas trust only the balancer's address for X-Forwarded-For", async (t) => {
  const { edge } = service('balancer').networks as Record<string, { ipv4_address?: string }>;
  t.equal(service('replica').environment?.TRUST_PROXY, edge?.ipv4_address);
});

t.test('no service can be assigned the fixed address of another service', async (t) => {
  for (const [network, settings] of Object.entries(compose.networks)) {
    const fixed = services.flatMap(([, { networks = {} }]) =>
      Array.isArray(networks)
        ? []
        : ((networks as Record<string, { ipv4_address?: string }>)[network]?.ipv4_address ?? []),
    );
    const plans = settings?.ipam?.config ?? [];
    const taken = plans.flatMap(({ gateway }) => gateway ?? []).concat(fixed);
    t.equal(new Set(taken).size, taken.length, 'each address has one owner');
    if (fixed.length === 0) continue;
    t.equal(plans.length, 1, `${network} has its addresses planned`);
    for (const { subnet, ip_range: range = '' } of plans) {
      const [within, handedOut] = [blockOf(subnet), blockOf(range)];
      t.ok(within.check(range.split('/')[0] ?? ''), 'what is handed out lies in the network');
      for (const address of taken) {
        t.ok(within.check(address), `${address} lies in the network`);
        t.notOk(handedOut.check(address), `${address} is not handed out`);
      }
    }
  }
});

function blockOf(cidr: string): BlockList {
  const [network = '', prefix] = cidr.split('/');
  const block = new BlockList();
  block.addSubnet(network, Number(prefix), 'ipv4');
  return block;
}

t.test('every service has a health check, so that up --wait can end', async (t) => {
  t.match(dockerfile, /^HEALTHCHECK /m);
  for (const [name, { image, healthcheck }] of services) {
    t.notOk(healthcheck?.disable, name);
    t.ok(healthcheck?.test ?? image === OURS, name);
  }
});

t.test('Postgres is healthy only with the database that the replicas use', async (t) => {
  const [how, program, ...rest] = service('postgres').healthcheck?.test ?? [];
  t.strictSame([how, program], ['CMD', 'psql'], 'pg_isready does not look whether the database exists');
  t.equal(rest[rest.indexOf('-d') + 1], service('postgres').environment?.POSTGRES_DB);
  t.equal(rest[rest.indexOf('-U') + 1], service('postgres').environment?.POSTGRES_USER);
  t.match(rest[rest.indexOf('-c') + 1], /^SELECT/);
});

t.test(
  'no service shares the network of another service, because a restart of that one would cut it off',
  async (t) => {
    for (const [name, { network_mode }] of services) t.equal(network_mode, undefined, name);
  },
);

t.test('removing a container leaves no anonymous volume', async (t) => {
  const declared = [...dockerfile.matchAll(/^VOLUME (\S+)$/gm)].map(([, path]) => path);
  t.strictSame(declared, ['/data']);
  for (const [name, { image, volumes = [], tmpfs = [] }] of services) {
    if (image !== OURS) continue;
    for (const path of declared) {
      t.ok(
        tmpfs.includes(path ?? '') || volumes.some((volume) => volume.endsWith(`:${path}`)),
        `${name} mounts ${path}`,
      );
    }
  }
});

t.test('the hardening of all services is written once, and all have it', async (t) => {
  t.equal(text.match(/no-new-privileges/g)?.length, 1);
  for (const [name, { read_only, cap_drop, security_opt, restart }] of services) {
    t.strictSame(
      { read_only, cap_drop, security_opt, restart },
      { read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], restart: 'unless-stopped' },
      name,
    );
  }
});

t.test('a build contacts only the registry of its base images', async (t) => {
  t.notMatch(dockerfile, /^# *syntax *=/im, 'BuildKit would fetch the frontend that it names');
  t.notMatch(dockerfile, /^ADD /m);
});

t.test(
  'the balancer’s image has a tag of its release line alone, which goes on when the image changes its base',
  async (t) => {
    t.match(service('balancer').image, /^haproxy:\d+\.\d+$/);
  },
);

t.test('no documented command stops the replicas when it is interrupted', async (t) => {
  const readmes = ['deploy/compose/README.md', 'README.md', 'docs/operations.md'].map((file) =>
    readFileSync(file, 'utf8'),
  );
  const commands = [...readmes, text].flatMap(
    (document) => document.match(/docker compose --profile scale up[^`\n]*/g) ?? [],
  );
  t.ok(commands.length >= 4);
  for (const command of commands) t.match(command, / -d( |$)/, command);
});

t.test('secrets are files that deploy/compose/secrets.sh creates, and each is used', async (t) => {
  const made = readFileSync('deploy/compose/secrets.sh', 'utf8');
  const used = new Set(Object.values(compose.services).flatMap(({ secrets = [] }) => secrets));
  for (const [name, { file }] of Object.entries(compose.secrets)) {
    t.equal(file, `./deploy/compose/secrets/${name}`);
    t.match(made, new RegExp(`(keep|ask|none) ${name}\\s`));
    t.ok(used.has(name), name);
  }
  t.match(readFileSync('.gitignore', 'utf8'), '\n/deploy/compose/secrets/\n');
});

t.test('the balancer waits longer than a gateway takes, and the stop period is longer than both', async (t) => {
  const config = readFileSync('deploy/compose/haproxy.cfg', 'utf8');
  const seconds = (name: string) => Number(new RegExp(`^ *${name} (\\d+)s$`, 'm').exec(config)?.[1]);
  t.ok(seconds('timeout server') > 15, 'a gateway answers within 15 s');
  t.ok(seconds('timeout client') > 10, 'a request may take 10 s to come in');
  t.ok(seconds('hard-stop-after') > seconds('timeout server'));
  t.ok(Number.parseInt(service('balancer').stop_grace_period ?? '', 10) > seconds('hard-stop-after'));
  t.ok(Number.parseInt(service('replica').stop_grace_period ?? '', 10) >= 25);
});

t.test(
  'every service that runs the gateway has the memory limit of Kubernetes, and the heap fits into it',
  async (t) => {
    const deployment = parse(readFileSync('deploy/kubernetes/deployment.yaml', 'utf8'));
    const [{ resources }] = deployment.spec.template.spec.containers;
    t.equal(resources.limits.memory, '512Mi');
    for (const [name, { image, mem_limit }] of services) if (image === OURS) t.equal(mem_limit, '512m', name);
    const [, percentage] = /^ENV NODE_OPTIONS=--max-old-space-size-percentage=(\d+)$/m.exec(dockerfile) ?? [];
    t.ok(Number(percentage) > 0 && Number(percentage) <= 50);
  },
);

const options = /^ENV NODE_OPTIONS=(\S+)$/m.exec(readFileSync('Dockerfile', 'utf8'))?.[1] ?? '';

t.test('containers have the memory limit under which the gateway is tested', async (t) => {
  // test/process/floods.test.ts runs with half of this as its heap.
  const { services } = parse(readFileSync('docker-compose.yml', 'utf8'));
  for (const name of ['gateway', 'replica']) t.equal(services[name].mem_limit, '512m', name);
  const { spec } = parse(readFileSync('deploy/kubernetes/deployment.yaml', 'utf8'));
  t.equal(spec.template.spec.containers[0].resources.limits.memory, '512Mi');
});

t.test('node accepts the option that gives half of the limit to the heap', async (t) => {
  t.equal(options, '--max-old-space-size-percentage=50');
  const { status, stderr } = spawnSync(process.execPath, ['-e', '0'], {
    env: { NODE_OPTIONS: options },
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
});
