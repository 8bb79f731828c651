import t from 'tap';
import { load, loadFile, soundFile } from './helper.ts';

/** Everything reachable in settings that can be frozen, by the way to it. */
function* reachable(value: unknown, path: string): Generator<[string, object]> {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || value instanceof Set) return;
  if (value instanceof Map) {
    for (const [key, item] of value) yield* reachable(item, `${path}.get(${key})`);
    return;
  }
  yield [path, value];
  for (const [key, item] of Object.entries(value)) yield* reachable(item, `${path}.${key}`);
}

for (const [name, settings] of [
  ['the demo', load({ TRUST_PROXY: '10.0.0.0/8', RATE_LIMT_MAX: '1' })],
  [
    'a file',
    loadFile({ ...soundFile(), partners: { crm: { ...soundFile().partners.crm, targets: { merchantIds: [1] } } } }),
  ],
] as const) {
  t.test(`settings of ${name} are frozen all the way down`, async (t) => {
    const found = [...reachable(settings, 'settings')];
    t.ok(found.length > 10);
    t.strictSame(
      found.filter(([, value]) => !Object.isFrozen(value)).map(([path]) => path),
      [],
    );
  });
}

t.test('what is changed in the environment afterwards changes nothing', async (t) => {
  const env = { PORT: '9001' };
  const settings = load(env);
  env.PORT = '9002';
  t.equal(settings.listen.port, 9001);
});
