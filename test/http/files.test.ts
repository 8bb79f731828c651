import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import type { FileDeps, StaticFile } from '../../src/http/routes/files.ts';
import { testApp } from '../support/http/app.ts';
import { site } from '../support/lead.ts';

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
