import t from 'tap';
import { ConfigurationError } from '../../src/config/problem.ts';
import { CONFIG_PATH, fileWith, load, loadFile } from './helper.ts';

const PEM = { '/app/cert': '-----BEGIN CERTIFICATE-----', '/app/key': '-----BEGIN PRIVATE KEY-----' };

t.test('settings name the files that they were read from: twins, CONFIG_FILE and what it names', async (t) => {
  const account = { providerId: 1, usernameFile: 'user', passwordFile: '/run/word' };
  const { files } = loadFile(
    fileWith('/providers/main', account),
    { PORT_FILE: 'port' },
    { '/app/port': '9001', '/etc/gateway/user': 'someone', '/run/word': 'word' },
  );
  t.strictSame(files, ['/app/port', CONFIG_PATH, '/etc/gateway/user', '/run/word']);
});

t.test('the files of the certificate are not among them, since the listener watches those', async (t) => {
  t.strictSame(load({ TLS_CERT_FILE: 'cert', TLS_KEY_FILE: 'key' }, PEM).files, []);
});

t.test('mistakes come with the files that would have to change, also those that are not there', async (t) => {
  const file = fileWith('/providers/main', { providerId: 1, username: 'user', passwordFile: 'missing' });
  try {
    loadFile(file, { PORT_FILE: 'port' }, { '/app/port': 'eighty' });
    t.fail('loads, although something is wrong');
  } catch (error) {
    t.type(error, ConfigurationError);
    t.strictSame((error as ConfigurationError).files, ['/app/port', CONFIG_PATH, '/etc/gateway/missing']);
  }
});
