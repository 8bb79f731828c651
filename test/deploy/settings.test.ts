import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { ConfigurationError, loadSettings } from '../../src/config/load.ts';
import { VARIABLES, type Variable } from '../../src/config/schema/variables.ts';
import { keyOf } from '../support/config/load.ts';

type Named = { readonly name: string; readonly value: string };

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
const deployment = parse(readFileSync('deploy/kubernetes/deployment.yaml', 'utf8'));
const config = parse(readFileSync('deploy/kubernetes/config.yaml', 'utf8')).data['gateway.config.jsonc'] as string;
const example = parse(readFileSync('deploy/kubernetes/example/secret.yaml', 'utf8')).stringData as Record<
  string,
  string
>;

/** What the image sets by itself. */
const image = Object.fromEntries(
  [...readFileSync('Dockerfile', 'utf8').matchAll(/^ENV (.*)$/gm)]
    .flatMap(([, words = '']) => words.split(' '))
    .map((word) => word.split('=') as [string, string]),
);

const variables = deployment.spec.template.spec.containers[0].env as Named[];
const ENVIRONMENTS: Readonly<Record<string, Record<string, string>>> = {
  'the replicas of docker-compose.yml': compose.services.replica.environment,
  'the demo of docker-compose.yml': compose.services.gateway.environment,
  'deploy/kubernetes': Object.fromEntries(variables.map(({ name, value }) => [name, value])),
};

/** The settings that the examples knowingly leave open, and are warned of. */
const WARNED: Readonly<Record<string, readonly string[]>> = {
  // The network between the containers leads nowhere else.
  'the replicas of docker-compose.yml': ['REDIS_URL'],
  'deploy/kubernetes': ['REDIS_URL'],
  'the demo of docker-compose.yml': ['NODE_ENV'],
};

/** A sound value for each secret. */
const SECRETS: Readonly<Record<string, string>> = {
  'database-url': 'sqlite:/data/gateway.db',
  'redis-url': 'redis://:word@redis:6379',
  'data-key': keyOf('data'),
  'data-key-previous': '',
  'hash-key': keyOf('hash'),
  'provider-id': '1001',
  'provider-username': 'ann',
  'provider-password': 'word',
  'admin-token': keyOf('admin'),
  'metrics-token': keyOf('metrics'),
};

const known = new Set(
  Object.entries<Variable>(VARIABLES).flatMap(([name, { twin }]) => (twin === false ? [name] : [name, `${name}_FILE`])),
);

/** Loads as the program in its container would, each mounted secret with one of these values. */
function load(env: Record<string, string>, secrets: Readonly<Record<string, string>>, file = config) {
  return loadSettings(
    { ...image, ...env },
    {
      cwd: '/app',
      readFile(path) {
        const text = path.startsWith('/run/secrets/') ? secrets[path.split('/').at(-1) ?? ''] : file;
        if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
        return Buffer.from(`${text}\n`);
      },
    },
  );
}

for (const [where, env] of Object.entries(ENVIRONMENTS)) {
  t.test(
    `${where}: every variable is a setting or its twin, and together they are accepted, without a warning that is not meant`,
    async (t) => {
      t.strictSame(
        Object.keys(env).filter((name) => !known.has(name)),
        [],
      );
      t.strictSame(
        load(env, SECRETS).warnings.map(({ setting }) => setting),
        WARNED[where] ?? [],
      );
    },
  );
}

for (const where of ['the replicas of docker-compose.yml', 'deploy/kubernetes']) {
  const env = ENVIRONMENTS[where] ?? {};
  t.test(`${where}: production mode, one store, one Redis, and secrets in files only`, async (t) => {
    const { production, redis } = load(env, SECRETS);
    t.equal(production, true);
    t.equal(redis?.host, 'redis');
    for (const [name, { secret }] of Object.entries<Variable>(VARIABLES)) {
      if (secret) t.notOk(env[name], `${name} is not in clear`);
    }
  });
}

t.test(
  'the Deployment reads every secret of the Kubernetes example, and each secret that it reads exists',
  async (t) => {
    const read = variables.flatMap(({ value }) => /^\/run\/secrets\/gateway\/(.*)$/.exec(value)?.[1] ?? []);
    t.strictSame(read.sort(), Object.keys(example).sort());
  },
);

t.test('the gateway does not start with a placeholder of the example', async (t) => {
  const env = ENVIRONMENTS['deploy/kubernetes'] ?? {};
  for (const [name, placeholder] of Object.entries(example)) {
    if (placeholder === '' || /^provider-(username|password)$/.test(name)) continue;
    t.throws(() => load(env, { ...SECRETS, [name]: placeholder }), ConfigurationError, name);
  }
});

t.test(
  'the configuration that deploy/compose/README.md says to copy needs no secret but those of the replicas',
  async (t) => {
    const [, copied = ''] =
      /^cp (\S+) gateway\.config\.jsonc/m.exec(readFileSync('deploy/compose/README.md', 'utf8')) ?? [];
    const mounted = Object.fromEntries(
      (compose.services.replica.secrets as string[]).map((name) => [name, SECRETS[name] ?? '']),
    );
    const { sites, warnings } = load(compose.services.replica.environment, mounted, readFileSync(copied, 'utf8'));
    t.ok(sites.size > 0);
    t.strictSame(
      warnings.map(({ setting }) => setting),
      WARNED['the replicas of docker-compose.yml'],
    );
  },
);
