import t from 'tap';
import { DEFAULT_FORM } from '../../../src/config/defaults.ts';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import type { Site } from '../../../src/domain/site.ts';
import { WORDS } from '../../../src/words/languages.ts';
import { testApp, testGuard } from '../../support/http/app.ts';
import { site } from '../../support/lead.ts';

const DEALER = 'https://dealer.example';

/** One site `dealer` with one origin; a test may change its other values. */
function withSite(changes: Partial<Site>) {
  const dealer = site({ key: 'dealer', origins: new Set([DEALER]), ...changes });
  return { settings: { sites: new Map([['dealer', dealer]]) } };
}
const get = (url = '/sites/dealer/form', origin: string | undefined = DEALER) => ({
  url,
  headers: origin === undefined ? {} : { origin },
});

t.test('a page of the site gets the rules of its form and a token, and no cache keeps the answer', async (t) => {
  const { app } = await testApp(
    t,
    withSite({ countries: new Set(['US', 'CA']), placementId: 7, consentRequired: true }),
  );
  const answer = await app.inject(get());
  t.equal(answer.statusCode, 200);
  t.match(answer.headers, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'access-control-allow-origin': DEALER,
    ratelimit: /^"reads"/,
  });
  const { formToken, texts, ...rules } = answer.json();
  t.equal(texts.send, 'Send');
  t.notOk('heading' in texts, 'the button’s own label is its heading');
  t.match(formToken, /^[\w-]{43}$/);
  t.strictSame(rules, {
    site: 'dealer',
    country: 'US',
    countries: ['US', 'CA'],
    placementId: 7,
    consent: { required: true },
    fields: { firstName: 'shown', lastName: 'shown', question: 'shown' },
    lang: 'en',
    minFillS: 2,
  });
  t.not(formToken, (await app.inject(get())).json().formToken, 'each form has a token of its own');
});

t.test('texts are in the requested language, else in the language without its region', async (t) => {
  const texts = new Map([
    ['es', { heading: 'Escríbanos', consent: 'Acepto.' }],
    ['es-mx', { heading: 'Mándanos mensaje' }],
  ]);
  const { app } = await testApp(
    t,
    withSite({ consentText: 'I agree.', consentVersion: '2', form: { ...DEFAULT_FORM, texts } }),
  );
  const ask = async (query: string) => (await app.inject(get(`/sites/dealer/form${query}`))).json();
  t.match(await ask('?lang=es'), { texts: { heading: 'Escríbanos' }, consent: { text: 'Acepto.', version: '2' } });
  t.match(await ask('?lang=es-MX'), { texts: { heading: 'Mándanos mensaje' }, consent: { text: 'I agree.' } });
  t.match(await ask('?lang=es_MX'), { texts: { heading: 'Mándanos mensaje' } });
  t.match(await ask('?lang=es-AR'), { texts: { heading: 'Escríbanos' } });
  for (const query of ['', '?lang=', '?lang=fr', '?lang=constructor', '?other=1']) {
    t.match(await ask(query), { texts: { consent: 'I agree.' }, consent: { text: 'I agree.' } }, query);
  }
  t.match(await ask('?lang=es-MX'), { lang: 'es-MX', texts: { phone: WORDS.es.phone } });
  t.match(await ask('?lang=tlh'), { lang: 'en', texts: { phone: WORDS.en.phone } });
  t.notOk('heading' in (await ask('?lang=tlh')).texts);
});

t.test('a challenge is sent if the site requires a proof from this address now', async (t) => {
  for (const [proof, leadsToday, asked] of [
    ['off', 1_000, false],
    ['adaptive', 2, false],
    ['adaptive', 3, true],
    ['always', 0, true],
  ] as const) {
    const { app } = await testApp(t, {
      ...withSite({ form: { ...DEFAULT_FORM, proof } }),
      guard: testGuard(undefined, leadsToday),
    });
    const { challenge } = (await app.inject(get())).json();
    t.equal(challenge !== undefined, asked, `${proof} after ${leadsToday}`);
    if (asked) t.match(challenge, { parameters: { algorithm: 'SHA-256' }, signature: /^[0-9a-f]{64}$/ });
  }
});

t.test('a page of another origin gets no form', async (t) => {
  const { app } = await testApp(t, withSite({}));
  for (const origin of ['https://evil.example', 'null', 'http://dealer.example', undefined]) {
    const answer = await app.inject({ url: '/sites/dealer/form', headers: origin === undefined ? {} : { origin } });
    t.equal(answer.statusCode, 403, String(origin));
    t.match(answer.json(), { code: 'origin_not_allowed' });
  }
});

t.test('a page on the gateway’s own host may ask, although browsers name no origin then', async (t) => {
  const { app } = await testApp(t, withSite({ origins: new Set(['http://gateway.example']) }));
  const answer = await app.inject({ url: '/sites/dealer/form', headers: { host: 'gateway.example' } });
  t.equal(answer.statusCode, 200);
});

t.test('an unknown site and an invalid query are refused with the reason', async (t) => {
  const { app } = await testApp(t, withSite({}));
  t.match((await app.inject(get('/sites/nope/form'))).json(), { status: 403, code: 'unknown_site' });
  t.match((await app.inject(get('/sites/__proto__/form'))).json(), { status: 403, code: 'unknown_site' });
  t.match((await app.inject(get(`/sites/${'x'.repeat(65)}/form`))).json(), { status: 404, code: 'not_found' });
  t.match((await app.inject(get('/sites/dealer/form?lang=en&lang=es'))).json(), { status: 400, code: 'bad_request' });
  t.match((await app.inject(get(`/sites/dealer/form?lang=${'e'.repeat(65)}`))).json(), { status: 400 });
  const post = await app.inject({ method: 'POST', url: '/sites/dealer/form', headers: { origin: DEALER } });
  t.match(post.json(), { status: 405, code: 'method_not_allowed' });
});

t.test('the form is answered 503 while the store cannot count the leads', async (t) => {
  const { app } = await testApp(t, {
    ...withSite({}),
    guard: { ...testGuard(), issue: async () => Promise.reject(new StorageUnavailable('gone')) },
  });
  t.match((await app.inject(get())).json(), { status: 503, code: 'storage_unavailable' });
});

t.test(
  'if the page is unknown because of a proxy, the refusal and the log name the header that the proxy lacks',
  async (t) => {
    const { app, log } = await testApp(t, withSite({}));
    const ask = (headers: Record<string, string>) => app.inject({ url: '/sites/dealer/form', headers });
    const referer = `${DEALER}/car/1`;
    t.equal((await ask({ host: '127.0.0.1:8080', referer, 'sec-fetch-site': 'same-origin' })).statusCode, 200);
    for (const [headers, lack] of [
      [{ host: '127.0.0.1:8080', 'sec-fetch-site': 'same-origin' }, 'X-Forwarded-Host'],
      [{ host: 'dealer.example' }, 'X-Forwarded-Proto'],
      [{ host: '127.0.0.1:8080', 'x-forwarded-host': 'dealer.example' }, 'TRUST_PROXY'],
    ] as const) {
      const answer = await ask(headers);
      t.match(answer.json(), { status: 403, code: 'origin_not_allowed', detail: new RegExp(lack) });
      t.match(log().at(-1), { code: 'origin_not_allowed', site: 'dealer', origin: 'none', proxyLacks: lack });
    }
    const foreign = await ask({ host: '127.0.0.1:8080', referer: 'https://evil.example/x' });
    t.equal(foreign.statusCode, 403);
    t.notMatch(foreign.json().detail, /proxy/i);
    t.match(log().at(-1), { origin: 'https://evil.example' });
    t.notOk('proxyLacks' in (log().at(-1) ?? {}));
  },
);

t.test('the options of a site come with its form, in the words of the visitor and of the hour', async (t) => {
  const week = [[], [[540, 1080]], [[540, 1080]], [], [], [], []] as const;
  const form = {
    ...DEFAULT_FORM,
    name: 'shown',
    questionFirst: true,
    listingHeading: true,
    textingNotice: true,
    answerMinutes: 10,
    hours: { timeZone: 'America/New_York', week, closedOn: new Set<string>() },
    phone: { placeholder: true, format: true, countryPicker: true },
  } as const;
  const countries = new Set(['CA', 'US', 'MX']);
  const { app } = await testApp(t, { ...withSite({ form, countries }), now: () => Date.UTC(2026, 10, 24, 16) });
  const body = (await app.inject(get('/sites/dealer/form?lang=en-US'))).json();
  t.match(body, {
    fields: { name: 'shown', firstName: 'hidden', lastName: 'hidden' },
    questionFirst: true,
    texts: { heading: '{listing}' },
    consent: { notice: 'Message and data rates may apply. Reply STOP to opt out.' },
    answer: { open: true, text: /^We usually answer within 10 minutes\. Open until 6:00\sPM EST\.$/ },
    phoneCountries: [
      { country: 'US', name: 'United States', callingCode: '1', placeholder: '(201) 555-0123' },
      { country: 'CA' },
      { country: 'MX', callingCode: '52' },
    ],
  });
  t.ok(body.phoneCountries[0].formats.length > 0);
  for (const [hour, lang, text] of [
    [2, 'en', /^We’re closed now\. We answer tomorrow from 9:00\sAM EST\.$/],
    [2, 'de', /^Wir haben gerade geschlossen\. Wir antworten morgen ab 09:00 GMT-5\.$/],
    [50, 'fr', /^Nous sommes fermés\. Nous répondons lundi à partir de 09:00 UTC−5\.$/],
    [50, 'en', /^We’re closed now\. We answer on Monday from /],
  ] as const) {
    const { app } = await testApp(t, { ...withSite({ form }), now: () => Date.UTC(2026, 10, 24, hour) });
    t.match((await app.inject(get(`/sites/dealer/form?lang=${lang}`))).json().answer, { open: false, text }, lang);
  }
});
