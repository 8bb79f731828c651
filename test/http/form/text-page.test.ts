import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import t from 'tap';
import { launchBrowser } from '../../support/browser.ts';
import { DELIVERED, NOW, testApp, testGuard } from '../../support/http/app.ts';
import { textOf } from '../../support/http/form.ts';
import { site } from '../../support/lead.ts';

const DEALER = 'https://dealer.example';
const { form, ...REST } = site({ origins: new Set([DEALER]), defaultTarget: { advertiserId: '1659' } });
const STRICT = {
  ...REST,
  consentRequired: true,
  consentVersion: '7',
  form: {
    ...form,
    token: 'required',
    fields: { firstName: 'required', lastName: 'hidden', question: 'shown' },
    texts: new Map([['es', { heading: 'Pregúntenos <b>', consent: 'Acepto "todo".' }]]),
  },
} as const;
const SITES = { settings: { sites: new Map([['demo', STRICT]]) } };

type App = Awaited<ReturnType<typeof testApp>>['app'];

/** The fields that a browser sends from the page: each with its value, without boxes that are not ticked. */
function fieldsOf(html: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [, attributes = ''] of html.matchAll(/<(?:input|textarea) ([^>]*)>/g)) {
    const name = /name="([^"]*)"/.exec(attributes)?.[1] ?? '';
    if (!attributes.includes('checkbox')) fields.set(name, unescapeHtml(/value="([^"]*)"/.exec(attributes)?.[1] ?? ''));
  }
  return fields;
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

function send(app: App, fields: URLSearchParams, headers: Readonly<Record<string, string>> = {}) {
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  return app.inject({
    method: 'POST',
    url: '/sites/demo/text',
    headers: { ...type, ...headers },
    payload: fields.toString(),
  });
}

t.test('the page has the site’s fields and texts, and passes on the values in its address', async (t) => {
  const { app } = await testApp(t, SITES);
  const query =
    'lang=es-MX&advertiserId=1659&listing.vin=%22%3Cvin%3E&utm_source=qr&listing.a=1&listing.a=2&next=/thanks';
  const page = await app.inject({ url: `/sites/demo/text?${query}` });
  t.equal(page.statusCode, 200);
  t.match(page.headers, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-language': 'es',
  });
  t.match(
    page.headers['content-security-policy'],
    /^default-src 'none';style-src 'sha256-[^']+';base-uri 'none';form-action 'self';/,
  );
  t.equal(page.headers['referrer-policy'], 'strict-origin');
  t.notOk(page.headers['cross-origin-opener-policy']);
  t.notMatch(page.body, /<script|<b>|<vin>/);
  const fields = fieldsOf(page.body);
  t.strictSame(
    [...fields.keys()],
    [
      'lang',
      'advertiserId',
      'next',
      'listing.vin',
      'formToken',
      'consumer.phone',
      'consumer.firstName',
      'consumer.question',
      'trap',
    ],
  );
  t.match(Object.fromEntries(fields), { 'listing.vin': '"<vin>', lang: 'es-MX' });
  t.match(
    textOf(page.body),
    /Pregúntenos &lt;b&gt; .* Número de celular Nombre Su pregunta \(opcional\) Acepto &quot;todo&quot;\. Enviar/,
  );
});

t.test('the page has the options of the site, its name and a link back', async (t) => {
  const options = {
    ...STRICT,
    name: 'Motors <1>',
    countries: new Set(['US', 'CA']),
    form: {
      ...STRICT.form,
      name: 'required',
      questionFirst: true,
      listingHeading: true,
      textingNotice: true,
      answerMinutes: 60,
      phone: { placeholder: true, countryPicker: true },
      links: { privacy: `${DEALER}/privacy?a=1&b=2` },
    },
  } as const;
  const { app, submitted } = await testApp(t, { settings: { sites: new Map([['demo', options]]) } });
  const page = await app.inject({ url: '/sites/demo/text?listing.year=2019&listing.model=Civic' });
  t.match(page.body, '<h1>2019 Civic</h1>');
  t.match(page.body, '<header>Motors &lt;1&gt;</header>');
  t.match(page.body, `<a href="${DEALER}/">Back to \u2068Motors &lt;1&gt;\u2069</a>`);
  t.match(page.body, `href="${DEALER}/privacy?a=1&amp;b=2"`);
  t.match(page.body, 'placeholder="(201) 555-0123"');
  t.match(textOf(page.body), /within 1 hour\. Your question .* Mobile number ?\+1 United States\+1 Canada Your name/);
  const fields = fieldsOf(page.body);
  t.notOk(fields.has('consumer.firstName'));
  for (const [name, value] of [
    ['phone', '(404) 555-1212'],
    ['name', ' Ludwig  van Beethoven '],
    ['country', 'CA'],
  ] as const)
    fields.set(`consumer.${name}`, value);
  fields.set('consent.text', 'I agree.');
  const answer = await send(app, fields);
  t.match(textOf(answer.body), /^.*Motors &lt;1&gt; Message sent .* Back to/);
  t.match(submitted[0]?.lead, { firstName: 'Ludwig', lastName: 'van Beethoven' });
  fields.delete('consumer.name');
  t.match((await send(app, fields)).body, /id="name"[^>]* aria-invalid="true"/);
});

t.test('invalid values in a link do not lose the lead', async (t) => {
  const { app, submitted } = await testApp(t, SITES);
  const query = new URLSearchParams({
    placementId: 'hero',
    listing: 'as well',
    'listing.comments': `One owner.\u000b${'🚗'.repeat(300)}`,
    [`listing.${'n'.repeat(65)}`]: 'a name that is too long',
    'listing.': 'no name',
    ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`listing.n${n}`, String(n)])),
  });
  const fields = fieldsOf((await app.inject({ url: `/sites/demo/text?${query}` })).body);
  fields.set('consumer.phone', '(404) 555-1212');
  fields.set('consumer.firstName', 'Ann');
  fields.set('consent.text', 'I agree.');
  t.equal((await send(app, fields)).statusCode, 201);
  const listing = Object(submitted[0]?.lead.listing);
  t.equal(Object.keys(listing).length, 32);
  t.equal(listing.comments, `One owner.${'🚗'.repeat(246)}`);
  const text = fieldsOf((await app.inject({ url: `/sites/demo/text?listing=${'x'.repeat(2001)}&placementId=7` })).body);
  t.strictSame([text.get('listing')?.length, text.get('placementId')], [2000, '7']);
});

t.test('a lead from the page is accepted from any origin, once for each token', async (t) => {
  const clock = { now: NOW };
  const { app, submitted } = await testApp(t, { ...SITES, guard: testGuard(() => clock.now) });
  const fields = fieldsOf((await app.inject({ url: '/sites/demo/text' })).body);
  fields.set('consumer.phone', '(404) 555-1212');
  fields.set('consumer.firstName', 'Ann');
  fields.set('consent.text', 'I agree.');
  fields.set('consent.version', 'of a robot');
  clock.now += 5000;
  for (const origin of [undefined, 'null', 'https://gateway.example']) {
    const answer = await send(app, fields, origin === undefined ? {} : { origin });
    t.equal(answer.statusCode, 201, String(origin));
    t.match(textOf(answer.body), 'Message sent');
  }
  t.match(submitted[0]?.lead, { site: 'demo', firstName: 'Ann', consent: { text: 'I agree.', version: '7' } });
  t.match(await submitted[0]?.context.screen?.(), { suspect: false, uses: [{ kind: 'form_token' }] });

  fields.delete('formToken');
  t.equal((await send(app, fields)).statusCode, 422, 'a lead without a token is refused');
  const foreign = await app.inject({ url: '/sites/demo/form', headers: { origin: DEALER } });
  fields.set('formToken', foreign.json().formToken);
  t.equal((await send(app, fields)).statusCode, 422, 'a token of another page is refused');
  t.equal(submitted.length, 3);
});

t.test('a site that requires no token still requires that of its page', async (t) => {
  const optional = { ...STRICT, form: { ...STRICT.form, token: 'optional' } } as const;
  const { app, submitted } = await testApp(t, { settings: { sites: new Map([['demo', optional]]) } });
  const fields = new URLSearchParams({
    'consumer.phone': '(404) 555-1212',
    'consumer.firstName': 'A',
    'consent.text': 'y',
  });
  t.equal((await send(app, fields, { origin: 'https://evil.example' })).statusCode, 422);
  t.equal(submitted.length, 0);
});

t.test('a refused form is shown again with its values, the reason and a new token', async (t) => {
  const { app } = await testApp(t, SITES);
  const fields = fieldsOf((await app.inject({ url: '/sites/demo/text?listing.vin=X&next=/thanks&lang=en' })).body);
  fields.set('consumer.phone', '12');
  fields.set('consumer.firstName', '"Ann"');
  fields.set('consumer.question', '\nTwo lines\n& more');
  fields.set('consent.text', 'I agree.');
  for (const [name, value, status, field, says] of [
    ['consumer.phone', '12', 422, 'phone', /We cannot text this number/],
    ['consumer.phone', '', 422, 'phone', /enter your mobile number/],
    ['consumer.firstName', '', 422, 'firstName', /First name/],
    ['consent.text', '', 422, 'consent', /tick the box/],
    ['formToken', 'A'.repeat(43), 422, undefined, /open for too long/],
  ] as const) {
    const sent = new URLSearchParams(fields);
    if (name !== 'consumer.phone') sent.set('consumer.phone', '(404) 555-1212');
    sent.set(name, value);
    const answer = await send(app, sent);
    t.equal(answer.statusCode, status, name);
    t.match(answer.headers, { 'cache-control': 'no-store', 'content-type': /html/ });
    t.match(textOf(answer.body), says);
    const again = fieldsOf(answer.body);
    for (const kept of ['consumer.phone', 'consumer.firstName', 'listing.vin', 'next', 'lang'])
      t.equal(again.get(kept), sent.get(kept), `${name}: ${kept}`);
    t.match(answer.body, '>\n\nTwo lines\n&amp; more</textarea>');
    t.not(again.get('formToken'), sent.get('formToken'));
    t.equal(/<(?:input|textarea)[^>]* id="(\w+)"[^>]*aria-invalid/.exec(answer.body)?.[1], field);
  }
});

t.test('a mistake that a visitor cannot correct is answered by a page that says so', async (t) => {
  const { app } = await testApp(t, SITES);
  for (const [url, body] of [
    ['/sites/nope/text', undefined],
    ['/sites/nope/text', ''],
    ['/sites/demo/text', 'fax=1'],
  ] as const) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await app.inject(body === undefined ? { url } : { method: 'POST', url, headers, payload: body });
    t.equal(answer.statusCode, url.includes('nope') ? 403 : 422, url);
    t.match(textOf(answer.body), /The form does not work right now/);
  }
});

t.test('next leads only to pages of the site, and the policy of the page allows no others', async (t) => {
  const { app } = await testApp(t, { ...SITES, submit: async () => ({ conversation: DELIVERED, replayed: false }) });
  for (const [next, policy, location] of [
    [`${DEALER}/thanks`, `form-action 'self' ${DEALER};`, `${DEALER}/thanks?text-us=delivered`],
    ['https://evil.example/', "form-action 'self';", undefined],
    ['https://evil.example;script-src *', "form-action 'self';", undefined],
  ] as const) {
    const page = await app.inject({ url: `/sites/demo/text?next=${encodeURIComponent(next)}` });
    t.match(page.headers['content-security-policy'], policy, next);
    const fields = fieldsOf(page.body);
    for (const [name, value] of [
      ['phone', '(404) 555-1212'],
      ['firstName', 'A'],
    ])
      fields.set(`consumer.${name}`, value ?? '');
    fields.set('consent.text', 'y');
    t.equal((await send(app, fields)).headers.location, location);
  }
});

t.test(
  'a visitor without scripts uses the page on a small phone, and an accessibility checker finds no flaw',
  async (t) => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const { listen, submitted } = await testApp(t, SITES);
    const base = `http://127.0.0.1:${await listen()}`;
    const browser = await launchBrowser(t);
    for (const [lang, colorScheme] of [
      ['en', 'light'],
      ['ar', 'dark'],
    ] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 320, height: 640 } });
      const complaints: string[] = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      await page.goto(`${base}/sites/demo/text?lang=${lang}`);
      await page.fill('#phone', '12');
      await page.fill('#firstName', 'Ann');
      await page.fill('#question', 'Café?\n😀');
      await page.check('#consent');
      await page.click('button');
      await page.locator('[role=alert]').waitFor();
      t.equal(await page.inputValue('#question'), 'Café?\n😀');
      t.equal(await page.evaluate('document.activeElement.id'), 'phone', 'the field to change has the focus');
      await page.evaluate(axe);
      const found = await page.evaluate(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + nodes[0].html))',
      );
      t.strictSame(found, [], lang);
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 320);
      await page.fill('#phone', '(404) 555-1212');
      await page.check('#consent');
      await page.click('button');
      await page.waitForFunction(`!document.querySelector('form')`);
      t.strictSame(
        complaints.filter((text) => !text.includes('422')),
        [],
        'the policy blocks nothing',
      );
      await page.close();
    }
    t.match(submitted[1]?.lead, { question: 'Café?\n😀', firstName: 'Ann' });
  },
);
