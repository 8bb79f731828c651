import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { buildWidget } from '../../scripts/build-widget.ts';
import { BUILT_WIDGET, demoFiles, widgetFiles } from '../../src/http/routes/files.ts';

const unneeded = async () => {
  throw new Error('There is a build.');
};

t.test('files of this build and of earlier ones are served under their own names', async (t) => {
  const folder = t.testdir({
    'v1.js': 'entry',
    'v1.0123456789ab.js': 'entry',
    'v1.ba9876543210.js': 'a file of an earlier build',
    'v1.es.js': 'Spanish',
    'v1.d.ts': 'types',
    'notes.txt': 'none of it',
  });
  const files = widgetFiles(unneeded, folder);
  t.match(await files('v1.js'), { type: 'text/javascript; charset=utf-8', immutable: false });
  t.match(await files('v1.0123456789ab.js'), { immutable: true, integrity: (await files('v1.js'))?.integrity });
  t.equal(String((await files('v1.ba9876543210.js'))?.body), 'a file of an earlier build');
  t.match(await files('v1.es.js'), { immutable: false }, 'no hash, no promise');
  t.match(await files('v1.d.ts'), { type: 'text/plain; charset=utf-8', immutable: false });
  t.equal(gunzipSync((await files('v1.js'))?.gzip ?? '').toString(), 'entry');
  for (const name of ['notes.txt', '', '.', '../package.json', 'nope.js']) t.equal(await files(name), undefined, name);
});

t.test('without a build the button is built at the first request', async (t) => {
  const files = widgetFiles(buildWidget, join(t.testdir(), 'missing'));
  const entry = await files('v1.js');
  t.match(entry, { type: 'text/javascript; charset=utf-8', immutable: false, integrity: /^sha384-/ });
  t.ok(entry && entry.body.length > 0);
});

t.test('the button is built into dist/widget, and the demo page is a source file', async (t) => {
  t.equal(BUILT_WIDGET, join(import.meta.dirname, '../../dist/widget'));
  const { files } = demoFiles({ inboxUrl: undefined, site: undefined });
  t.match(await files('index.html'), { type: 'text/html; charset=utf-8' });
});

t.test('the demo page receives the URL of the inbox, and its policy allows it to frame that one only', async (t) => {
  const folder = t.testdir({ 'index.html': 'page', 'demo.css': 'look' });
  const { files, helmet } = demoFiles({ inboxUrl: 'http://127.0.0.1:8090/', site: 'demo' }, folder);
  t.strictSame(JSON.parse(String((await files('config.json'))?.body)), {
    inboxUrl: 'http://127.0.0.1:8090/',
    site: 'demo',
  });
  t.match(helmet, { contentSecurityPolicy: { directives: { frameSrc: ['http://127.0.0.1:8090'] } } });
  t.notMatch(JSON.stringify(helmet), /unsafe|\*/);
  t.match(await files('index.html'), { type: 'text/html; charset=utf-8' });
  t.match(await files('demo.css'), { type: 'text/css; charset=utf-8', immutable: false });
  const alone = demoFiles({ inboxUrl: undefined, site: 'dealer' }, folder);
  t.strictSame(JSON.parse(String((await alone.files('config.json'))?.body)), { site: 'dealer' });
  t.notMatch(JSON.stringify(alone.helmet), 'frameSrc');
});

t.test('the program finds the build and the demo page', async (t) => {
  t.equal(BUILT_WIDGET, join(process.cwd(), 'dist/widget'));
  const { files } = demoFiles({ inboxUrl: undefined, site: 'demo' });
  t.match(String((await files('index.html'))?.body), '<!doctype html>');
});
