import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { buildWidget } from '../../../scripts/build-widget.ts';
import {
  BUILT_WIDGET,
  demoFiles,
  type FileDeps,
  type StaticFile,
  widgetFiles,
} from '../../../src/http/routes/files.ts';
import { testApp } from '../../support/http/app.ts';
import { site } from '../../support/lead.ts';

function file(text: string, immutable: boolean, type = 'text/javascript; charset=utf-8'): StaticFile {
  const body = Buffer.from(text);
  return { type, body, gzip: gzipSync(body), integrity: `sha384-of-${text}`, immutable };
}

const WIDGET = new Map([
  ['v1.js', file('entry', false)],
  ['v1.0123456789ab.js', file('entry', true)],
]);
const DEMO = new Map([
  ['index.html', file('page', false, 'text/html; charset=utf-8')],
  ['config.json', file('{}', false, 'application/json; charset=utf-8')],
]);
const FILES: FileDeps = {
  widget: async (name) => WIDGET.get(name),
  demo: {
    files: async (name) => DEMO.get(name),
    helmet: { contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"] } } },
  },
};
const LISTED = new Map([['dealer', site({ origins: new Set(['https://dealer.example']) })]]);

t.test('a browser may cache the button for five minutes, and a file with a hash in its name for ever', async (t) => {
  const { app } = await testApp(t, { files: FILES });
  const entry = await app.inject('/widget/v1.js');
  t.equal(entry.statusCode, 200);
  t.equal(entry.body, 'entry');
  t.match(entry.headers, {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=300',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
  });
  const hashed = await app.inject('/widget/v1.0123456789ab.js');
  t.equal(hashed.headers['cache-control'], 'public, max-age=31536000, immutable');
});

t.test('any page may load the button, even if sites have lists of origins, but no other path', async (t) => {
  const { app } = await testApp(t, { files: FILES, settings: { sites: LISTED } });
  for (const origin of ['https://anywhere.example', 'null', 'https://dealer.example']) {
    const answer = await app.inject({ url: '/widget/v1.js', headers: { origin } });
    t.equal(answer.headers['access-control-allow-origin'], '*', origin);
    t.equal(answer.headers.vary, 'Accept-Encoding');
  }
  for (const url of ['/widget', '/widgets/v1.js', '/healthz', '/healthz?/widget/v1.js']) {
    const answer = await app.inject({ url, headers: { origin: 'https://anywhere.example' } });
    t.not(answer.headers['access-control-allow-origin'], '*', url);
  }
});

t.test('a file that the browser already has is not sent again', async (t) => {
  const { app } = await testApp(t, { files: FILES });
  const first = await app.inject('/widget/v1.js');
  const tag = String(first.headers.etag);
  for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
    const again = await app.inject({ url: '/widget/v1.js', headers: { 'if-none-match': known } });
    t.equal(again.statusCode, 304, known);
    t.equal(again.body, '');
    t.match(again.headers, { etag: tag, 'cache-control': 'public, max-age=300' });
  }
  const changed = await app.inject({ url: '/widget/v1.js', headers: { 'if-none-match': '"other"' } });
  t.equal(changed.statusCode, 200);
});

t.test('a file is sent compressed if the browser accepts that, with its own ETag', async (t) => {
  const { app } = await testApp(t, { files: FILES });
  const ask = (encoding: string) => app.inject({ url: '/widget/v1.js', headers: { 'accept-encoding': encoding } });
  for (const encoding of ['gzip', 'br, GZIP', 'gzip;q=0.5, *', 'deflate,gzip;q=1.0']) {
    const answer = await ask(encoding);
    t.equal(answer.headers['content-encoding'], 'gzip', encoding);
    t.equal(gunzipSync(answer.rawPayload).toString(), 'entry');
    t.match(answer.headers.etag, /-gzip"$/);
  }
  for (const encoding of ['', 'identity', 'br', 'gzip;q=0', 'gzip;q=0.0, br', 'xgzip']) {
    const answer = await ask(encoding);
    t.notOk(answer.headers['content-encoding'], encoding);
    t.equal(answer.body, 'entry');
  }
});

t.test('HEAD has the headers of GET, and other methods are answered with those allowed', async (t) => {
  const { app } = await testApp(t, { files: FILES });
  const head = await app.inject({ method: 'HEAD', url: '/widget/v1.js' });
  t.equal(head.statusCode, 200);
  t.equal(head.headers['content-length'], '5');
  t.equal(head.body, '');
  const post = await app.inject({ method: 'POST', url: '/widget/v1.js' });
  t.match(post.json(), { status: 405, code: 'method_not_allowed' });
});

t.test('a name that is no file is answered 404, wherever its path leads', async (t) => {
  const { app } = await testApp(t, { files: FILES });
  for (const name of [
    '',
    'v2.js',
    'v1.js/',
    '..%2Fpackage.json',
    '%2e%2e/package.json',
    'v1.js%00',
    'constructor',
    '__proto__',
  ]) {
    const answer = await app.inject(`/widget/${name}`);
    t.equal(answer.statusCode, 404, name);
    t.match(answer.json(), { code: 'not_found' });
  }
});

t.test('many visitors behind one address do not reach the limit', async (t) => {
  const { app } = await testApp(t, { files: FILES });
  for (let n = 0; n < 150; n += 1) await app.inject('/widget/v1.js');
  const answer = await app.inject('/widget/v1.js');
  t.equal(answer.statusCode, 200);
  t.notOk(answer.headers.ratelimit);
});

t.test('the demo page is served if it is configured, with its own policy', async (t) => {
  const { app } = await testApp(t, { files: FILES });
  for (const url of ['/demo', '/demo/', '/demo/index.html']) {
    const answer = await app.inject(url);
    t.equal(answer.body, 'page', url);
    t.match(answer.headers, { 'content-security-policy': "default-src 'self'", 'cache-control': 'no-cache' });
  }
  t.equal((await app.inject('/demo/config.json')).body, '{}');
  t.equal((await app.inject('/demo/nope.js')).statusCode, 404);
  const { demo: _, ...production } = FILES;
  const without = await testApp(t, { files: production });
  for (const url of ['/demo', '/demo/', '/demo/config.json'])
    t.equal((await without.app.inject(url)).statusCode, 404, url);
});

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
  t.equal(BUILT_WIDGET, join(import.meta.dirname, '../../../dist/widget'));
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
