import t from 'tap';
import { type Files, load, mistakes } from './helper.ts';

const CERT = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n';
const BOTH = { TLS_CERT_FILE: 'cert', TLS_KEY_FILE: 'key' };

t.test('both files make a listener of HTTPS, and none one of HTTP', async (t) => {
  t.strictSame(load(BOTH, { '/app/cert': CERT, '/app/key': KEY }).listen.tls, {
    certFile: '/app/cert',
    keyFile: '/app/key',
  });
  t.notOk('tls' in load({}).listen);
});

const CASES: [name: string, env: NodeJS.ProcessEnv, files: Files, setting: string, problem: RegExp][] = [
  ['a certificate alone', { TLS_CERT_FILE: 'cert' }, { '/app/cert': CERT }, 'TLS_KEY_FILE', /is not set, and TLS_CERT/],
  ['a key alone', { TLS_KEY_FILE: 'key' }, { '/app/key': KEY }, 'TLS_CERT_FILE', /is not set, and TLS_KEY_FILE is/],
  ['a certificate that is not there', BOTH, { '/app/key': KEY }, 'TLS_CERT_FILE', /cannot be read: \/app\/cert/],
  ['a key that is not there', BOTH, { '/app/cert': CERT }, 'TLS_KEY_FILE', /cannot be read: \/app\/key/],
  ['a key as the certificate', BOTH, { '/app/cert': KEY, '/app/key': KEY }, 'TLS_CERT_FILE', /without a certificate/],
  ['a certificate as the key', BOTH, { '/app/cert': CERT, '/app/key': CERT }, 'TLS_KEY_FILE', /without a private key/],
];

for (const [name, env, files, setting, problem] of CASES) {
  t.test(`${name} is refused`, async (t) => {
    t.match(
      mistakes(t, () => load(env, files)),
      [{ setting, problem }],
    );
  });
}
