import t from 'tap';
import { load, mistakes } from './helper.ts';

const TOKEN = 'admin+/='.repeat(4);
const METRICS = 'metrics-'.repeat(2);
const ON = { ADMIN_PORT: '9090', ADMIN_TOKEN: TOKEN };

t.test('operators have no listener unless a port is set', async (t) => {
  const settings = load({ ADMIN_HOST: '0.0.0.0' });
  t.notOk('admin' in settings);
  t.notOk('metricsToken' in settings);
});

t.test('a port and a token make a listener on the loopback address', async (t) => {
  const settings = load(ON);
  t.strictSame(settings.admin, { host: '127.0.0.1', port: 9090, token: TOKEN });
  t.notOk('metricsToken' in settings);
});

t.test('its address and a token for metrics alone can be chosen', async (t) => {
  const settings = load({ ...ON, ADMIN_HOST: '10.0.0.5', METRICS_TOKEN: METRICS, ADMIN_PORT: '0' });
  t.strictSame(settings.admin, { host: '10.0.0.5', port: 0, token: TOKEN });
  t.equal(settings.metricsToken, METRICS);
});

const REFUSED: [name: string, env: NodeJS.ProcessEnv, setting: string, problem: string][] = [
  ['a port without a token', { ADMIN_PORT: '9090' }, 'ADMIN_TOKEN', 'is not set, and ADMIN_PORT is'],
  ['a token without a port', { ADMIN_TOKEN: TOKEN }, 'ADMIN_TOKEN', 'is set, and there is no admin listener'],
  [
    'a token for metrics without a port',
    { METRICS_TOKEN: METRICS },
    'METRICS_TOKEN',
    'is set, and there is no admin listener',
  ],
  ['a token of 31 characters', { ...ON, ADMIN_TOKEN: TOKEN.slice(1) }, 'ADMIN_TOKEN', 'has the wrong form'],
  ['a token with a space in it', { ...ON, ADMIN_TOKEN: `${TOKEN} x` }, 'ADMIN_TOKEN', 'has the wrong form'],
  [
    'a token for metrics of 15 characters',
    { ...ON, METRICS_TOKEN: METRICS.slice(1) },
    'METRICS_TOKEN',
    'has the wrong form',
  ],
  ['one token for both', { ...ON, METRICS_TOKEN: TOKEN }, 'METRICS_TOKEN', 'is the same as ADMIN_TOKEN'],
  ['the public port', { ...ON, PORT: '9090' }, 'ADMIN_PORT', 'is the port of the public listener'],
  [
    'the public port, which listens everywhere',
    { ...ON, PORT: '9090', HOST: '0.0.0.0' },
    'ADMIN_PORT',
    'is the port of the public listener',
  ],
  ['no port', { ...ON, ADMIN_PORT: 'off' }, 'ADMIN_PORT', 'is not an integer'],
  ['no address', { ...ON, ADMIN_HOST: 'http://x' }, 'ADMIN_HOST', 'is neither an IP address nor a host name'],
];

for (const [name, env, setting, problem] of REFUSED) {
  t.test(`${name} is refused as the only mistake, and no token is quoted`, async (t) => {
    const problems = mistakes(t, () => load(env));
    t.strictSame(
      problems.map((found) => [found.setting, found.problem]),
      [[setting, problem]],
    );
    t.notMatch(JSON.stringify(problems), /admin\+|metrics-/);
  });
}

t.test('both listeners may have any free port, and one port at addresses of their own', async (t) => {
  t.equal(load({ ...ON, PORT: '0', ADMIN_PORT: '0' }).admin?.port, 0);
  t.equal(load({ ...ON, PORT: '9090', HOST: '10.0.0.5' }).admin?.port, 9090);
});
