import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { demoFiles, widgetFiles } from '../src/http/widget-files.ts';

t.test('what the build left is served by its own names, and earlier builds that lie beside it', async (t) => {
  const folder = t.testdir({
    'v1.js': 'entry',
    'v1.0123456789ab.js': 'entry',
    'v1.ba9876543210.js': 'of before',
    'v1.es.js': 'Spanish',
    'v1.d.ts': 'types',
    'notes.txt': 'none of it',
  });
  const files = widgetFiles(folder);
  t.match(await files('v1.js'), { type: 'text/javascript; charset=utf-8', immutable: false });
  t.match(await files('v1.0123456789ab.js'), { immutable: true, integrity: (await files('v1.js'))?.integrity });
  t.equal(String((await files('v1.ba9876543210.js'))?.body), 'of before');
  t.match(await files('v1.es.js'), { immutable: false }, 'no hash, no promise');
  t.match(await files('v1.d.ts'), { type: 'text/plain; charset=utf-8', immutable: false });
  t.equal(gunzipSync((await files('v1.js'))?.gzip ?? '').toString(), 'entry');
  for (const name of ['notes.txt', '', '.', '../package.json', 'nope.js']) t.equal(await files(name), undefined, name);
});

t.test('without a build the button is made when it is first asked for', async (t) => {
  const files = widgetFiles(join(t.testdir(), 'missing'));
  const entry = await files('v1.js');
  t.match(entry, { type: 'text/javascript; charset=utf-8', immutable: false, integrity: /^sha384-/ });
  t.ok(entry && entry.body.length > 0);
});

t.test('the demo page is told where the inbox is, and may frame it and nothing else', async (t) => {
  const folder = t.testdir({ 'index.html': 'page', 'demo.css': 'look' });
  const { files, policy } = demoFiles({ inboxUrl: 'http://127.0.0.1:8090/', site: 'demo' }, folder);
  t.strictSame(JSON.parse(String((await files('config.json'))?.body)), {
    inboxUrl: 'http://127.0.0.1:8090/',
    site: 'demo',
  });
  t.match(policy, 'frame-src http://127.0.0.1:8090;');
  t.notMatch(policy, /unsafe|\*/);
  t.match(await files('index.html'), { type: 'text/html; charset=utf-8' });
  t.match(await files('demo.css'), { type: 'text/css; charset=utf-8', immutable: false });
  const alone = demoFiles({ inboxUrl: undefined, site: 'dealer' }, folder);
  t.strictSame(JSON.parse(String((await alone.files('config.json'))?.body)), { site: 'dealer' });
  t.notMatch(alone.policy, 'frame-src');
});
