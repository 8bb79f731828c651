import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import t from 'tap';
import { explain, renderPage } from '../../../src/http/form/page.ts';
import { PROBLEMS, Problem, type ProblemCode } from '../../../src/http/problems.ts';
import { LANGUAGES, languageOf, WORDS } from '../../../src/words/languages.ts';
import { launchBrowser } from '../../support/browser.ts';
import { testApp } from '../../support/http/app.ts';
import { goodForm, postForm } from '../../support/http/form.ts';

t.test('an answer page runs nothing, loads nothing and may not be framed', async (t) => {
  const { app } = await testApp(t);
  for (const body of [goodForm(), goodForm({ site: 'nope' })]) {
    const answer = await postForm(app, body);
    const style = /<style>([\s\S]*)<\/style>/.exec(answer.body)?.[1] ?? '';
    t.equal(
      answer.headers['content-security-policy'],
      `default-src 'none';style-src 'sha256-${hash('sha256', style, 'base64')}';base-uri 'none';form-action 'none';frame-ancestors 'none'`,
    );
    t.match(answer.headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    t.notMatch(answer.body, /<script|<img|<link|<form|\son\w+=|https?:/i);
  }
});

t.test('the language is the form’s, else the browser’s, else English', async (t) => {
  for (const [lang, accepted, language] of [
    ['es', 'de', 'es'],
    ['es-MX', undefined, 'es'],
    ['ES', undefined, 'es'],
    ['es_MX', undefined, 'es'],
    [undefined, 'es_MX', 'es'],
    ['tlh', 'de', 'de'],
    [undefined, 'fr-CA,fr;q=0.9,en;q=0.8', 'fr'],
    [undefined, 'pt, en;q=0.2, de;q=0.7', 'de'],
    [undefined, 'ar;q=0, es;q=0.1', 'es'],
    [undefined, '*', 'en'],
    [undefined, ',;q=;;', 'en'],
    [undefined, undefined, 'en'],
    ['constructor', 'toString', 'en'],
  ] as const) {
    t.equal(languageOf(lang, accepted), language, `${lang} ${accepted}`);
  }
  const { app } = await testApp(t);
  const arabic = await postForm(app, goodForm({ lang: 'ar' }));
  t.match(arabic.body, '<html lang="ar" dir="rtl">');
  t.equal(arabic.headers['content-language'], 'ar');
  const german = await postForm(app, 'fax=1', { 'accept-language': 'de-AT' });
  t.match(german.body, '<html lang="de">', 'also if the form could not be read');
});

t.test('every language has every text, with the same placeholders', async (t) => {
  const shape = (texts: object): unknown =>
    Object.entries(texts).map(([name, value]) =>
      typeof value === 'object'
        ? [name, shape(value)]
        : [name, value.match(/{\w+}/g), value.trim() === value && value !== ''],
    );
  for (const language of LANGUAGES) t.strictSame(shape(WORDS[language]), shape(WORDS.en), language);
});

t.test('every problem has a text for visitors, and a mistake of the page also one for its developer', async (t) => {
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    const { paragraphs, forDeveloper } = explain(new Problem(code, { detail: 'Detail.' }), WORDS.en);
    t.ok(paragraphs[0], code);
    t.equal(forDeveloper, paragraphs[0] === WORDS.en.broken ? 'Detail.' : undefined, code);
  }
});

t.test('every value on a page is escaped', async (t) => {
  const html = renderPage({
    language: 'en',
    title: '<b>&"\'',
    paragraphs: ['<i>'],
    note: { code: '<u>', detail: '<s>' },
    requestId: '<p onclick>',
  });
  t.notMatch(html, /<(b|i|u|s|p onclick)>/);
  t.match(html, '<p>Reference: <code>&lt;p onclick&gt;</code></p>');
  t.match(html, '<h1>&lt;b&gt;&amp;&quot;&#39;</h1>');
});

t.test('a visitor without scripts sends the form and reads the page, light or dark, on a small phone', async (t) => {
  const { listen, submitted } = await testApp(t);
  const base = `http://127.0.0.1:${await listen()}`;
  const browser = await launchBrowser(t);
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      javaScriptEnabled: false,
      colorScheme,
      viewport: { width: 320, height: 640 },
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    // A page of a dealer, which is no part of the gateway.
    await page.route('http://dealer.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${base}/conversations/form" accept-charset="utf-8">
          <input type="hidden" name="site" value="demo"><input name="consumer.phone" type="tel">
          <textarea name="consumer.question"></textarea><input name="trap" tabindex="-1"><button>Send</button></form>`,
      }),
    );
    await page.goto('http://dealer.test/');
    await page.fill('[type=tel]', '404 555 1212');
    await page.fill('textarea', 'Café?\n😀');
    await page.click('button');
    await page.waitForURL('**/conversations/form');
    t.equal(await page.locator('h1').textContent(), 'Message sent');
    const { scrollWidth } = await page.locator('html').evaluate(({ scrollWidth }) => ({ scrollWidth }));
    t.ok(scrollWidth <= 320, 'nothing is cut off');
    t.strictSame(complaints, [], 'the browser reports no error');
    await context.close();
  }
  t.match(submitted[0]?.lead, { origin: 'http://dealer.test', question: 'Café?\n😀' });
});

t.test(
  'an answer page has no flaw that an accessibility checker finds, light or dark, in either direction',
  async (t) => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const { listen } = await testApp(t);
    const base = `http://127.0.0.1:${await listen()}`;
    const browser = await launchBrowser(t);
    for (const [lang, colorScheme, merchantId] of [
      ['en', 'light', ''],
      ['de', 'dark', 'none'],
      ['ar', 'light', 'none'],
    ] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 320, height: 640 } });
      // Posted by the browser itself, so that the page is judged under its own address and policy.
      await page.route('http://dealer.test/', (route) =>
        route.fulfill({ contentType: 'text/html', body: formOf(base, goodForm({ lang, merchantId })) }),
      );
      await page.goto('http://dealer.test/');
      await page.click('button');
      await page.waitForURL('**/conversations/form');
      await page.evaluate(axe);
      const found = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, help }) => id + help))',
      );
      t.strictSame(found, [], `${lang}, ${colorScheme}`);
      await page.close();
    }
  },
);

function formOf(base: string, body: string): string {
  const fields = [...new URLSearchParams(body)].map(([name, value]) => `<input name="${name}" value="${value}">`);
  return `<form method="post" action="${base}/conversations/form">${fields.join('')}<button>Send</button></form>`;
}
