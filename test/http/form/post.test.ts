import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Conversation } from '../../../src/domain/lead.ts';
import { IGNORED_FIELDS } from '../../../src/http/schemas/lead-form.ts';
import { DELIVERED, KEYS, type Overrides, testApp } from '../../support/http/app.ts';
import { goodForm, postForm, textOf } from '../../support/http/form.ts';
import { site } from '../../support/lead.ts';

const DEALER = 'https://dealer.example';

function endingAs(changes: Partial<Conversation>, replayed = false): Overrides {
  return { submit: async () => ({ conversation: { ...DELIVERED, ...changes }, replayed }) };
}

t.test('a form becomes the same lead as JSON with the same values', async (t) => {
  const { app, submitted } = await testApp(t);
  const answer = await postForm(
    app,
    goodForm({
      placementId: '7',
      'consumer.country': ' us',
      'consumer.firstName': ' Ann ',
      'consumer.question': 'Is it “still” available? 你好 😀 & 100 %\r\n',
      'listing.vin': '2HGFC2F59KH500000',
      'listing.a.b': 'with a dot',
      'listing.__proto__': 'a name like any other',
      'consent.text': 'I agree.',
      'page.url': 'https://dealer.example/1',
    }),
  );
  t.equal(answer.statusCode, 201);
  const lead = {
    site: 'demo',
    advertiserId: '1659',
    placementId: 7,
    consumer: {
      phone: '(404) 555-1212',
      country: 'US',
      firstName: ' Ann ',
      question: 'Is it “still” available? 你好 😀 & 100 %\n',
    },
    consent: { text: 'I agree.' },
    page: { url: 'https://dealer.example/1' },
  };
  const listing = '{"vin":"2HGFC2F59KH500000","a.b":"with a dot","__proto__":"a name like any other"}';
  await app.inject({
    method: 'POST',
    url: '/conversations',
    headers: { origin: DEALER, 'content-type': 'application/json' },
    payload: JSON.stringify(lead).replace(/}$/, `,"listing":${listing}}`),
  });
  t.strictSame(submitted[0]?.lead, submitted[1]?.lead);
  t.ok(Object.hasOwn(Object(submitted[0]?.lead.listing), '__proto__'));
});

t.test('fields that a browser sends empty count as absent', async (t) => {
  const { app, submitted } = await testApp(t);
  const empty = { merchantId: '', placementId: '', 'consumer.lastName': '', listing: '', 'listing.vin': '', trap: '' };
  const extras = { next: '', lang: '', idempotencyKey: '', formToken: '', proof: '' };
  t.equal((await postForm(app, goodForm({ ...empty, ...extras }))).statusCode, 201);
  t.equal((await postForm(app, `&&${goodForm()}&placementId&`)).statusCode, 201, 'without an equals sign, too');
  t.strictSame(submitted[0]?.lead, submitted[1]?.lead);
});

t.test('the page says what became of the lead, with the status of the JSON answer', async (t) => {
  for (const [status, code, text] of [
    ['delivered', 201, /^Message sent Demo Message sent Thank you! Look out/],
    ['queued', 202, /^We have your message .* It is safe with us/],
    ['held', 202, /^We have your message/],
    ['unknown', 202, /^We have your message/],
    ['parked', 202, /^We have your message/],
  ] as const) {
    const { app } = await testApp(t, endingAs({ status }));
    const answer = await postForm(app, goodForm());
    t.equal(answer.statusCode, code, status);
    t.match(textOf(answer.body), text);
    t.match(answer.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  }
});

t.test('the page of a rejected lead says so, and what to do if the number was refused', async (t) => {
  for (const [reason, text] of [
    ['phone', /Your message was not sent We cannot text this number/],
    ['target', /Your message was not sent The form does not work right now/],
  ] as const) {
    const { app } = await testApp(t, endingAs({ status: 'rejected', reason }));
    const answer = await postForm(app, goodForm());
    t.equal(answer.statusCode, 422);
    t.match(textOf(answer.body), text);
  }
});

t.test('a repeated form is recognised by the key in the form, or else in the header', async (t) => {
  const { app, submitted } = await testApp(t);
  await postForm(app, goodForm({ idempotencyKey: 'key-1' }), { 'idempotency-key': 'key-2' });
  await postForm(app, goodForm(), { 'idempotency-key': 'key-2' });
  t.strictSame(
    submitted.map(({ context }) => context.scope.idempotencyKey),
    ['key-1', 'key-2'],
  );
  const replay = await testApp(t, endingAs({}, true));
  const answer = await postForm(replay.app, goodForm({ idempotencyKey: 'key-1' }));
  t.equal(answer.headers['idempotency-replayed'], 'true');
});

t.test('a plain form without token and proof is accepted, and held where its site requires them', async (t) => {
  const { app, submitted } = await testApp(t);
  await postForm(app, goodForm());
  t.strictSame(await submitted[0]?.context.screen?.(), { suspect: false, uses: [] });
  await postForm(app, goodForm({ trap: 'x' }));
  t.match(await submitted[1]?.context.screen?.(), { suspect: true });

  const { form, ...rest } = site();
  const strict = { ...rest, form: { ...form, token: 'required', proof: 'always' } } as const;
  const held = await testApp(t, { settings: { sites: new Map([['demo', strict]]) } });
  t.equal((await postForm(held.app, goodForm())).statusCode, 201);
  t.match(await held.submitted[0]?.context.screen?.(), { suspect: true, uses: [] });
  const forged = await postForm(held.app, goodForm({ formToken: 'A'.repeat(43) }));
  t.equal(forged.statusCode, 422, 'a token that is sent must be valid');
  t.match(textOf(forged.body), /open for too long/);
});

t.test('a partner may post a form as well', async (t) => {
  const { app, submitted } = await testApp(t);
  const body = goodForm({ site: undefined, 'consent.text': 'yes' });
  t.equal((await postForm(app, body, { authorization: `Bearer ${KEYS.acme}` })).statusCode, 201);
  t.match(submitted[0]?.context.scope, { kind: 'partner', id: 'acme' });
  t.equal((await postForm(app, body, { authorization: 'Bearer wrong' })).statusCode, 401);
});

t.test('forms and JSON share the limit of a visitor, and the page says when to try again', async (t) => {
  const { app } = await testApp(t, { settings: { visitorRate: { max: 1, windowS: 600 } } });
  t.equal((await postForm(app, goodForm())).statusCode, 201);
  const answer = await postForm(app, goodForm({ 'consumer.firstName': 'Ann' }));
  t.equal(answer.statusCode, 429);
  t.match(answer.headers, { 'retry-after': '600', ratelimit: /^"visitor";r=0/ });
  t.match(textOf(answer.body), /try again in 10 min\./);
});

t.test('the URL for forms is not read as an id, and accepts POST only', async (t) => {
  const { app } = await testApp(t);
  const answer = await app.inject({ url: '/conversations/form' });
  t.match(answer.json(), { status: 405, code: 'method_not_allowed' });
  t.equal(answer.headers.allow, 'OPTIONS, POST');
});

t.test('a line break counts as one character, as the page’s maxlength counted it', async (t) => {
  const { app, submitted } = await testApp(t);
  const typed = 'line of text\n'.repeat(20).padEnd(1000, 'x');
  const answer = await postForm(app, goodForm({ 'consumer.question': typed.replaceAll('\n', '\r\n') }));
  t.equal(answer.statusCode, 201);
  t.equal(submitted[0]?.lead.question, typed);
});

t.test('a form with a byte order mark, or with fields that other software adds, is accepted', async (t) => {
  const { app, submitted } = await testApp(t);
  await postForm(app, goodForm());
  const added = [
    'cf-turnstile-response=x&g-recaptcha-response=y&g-recaptcha-response=z',
    'submit=Send&submit.x=4&submit.y=5&x=4&y=5&button=&form-name=contact&form_key=k&_gotcha=&ga_client_id=1.2&gad_source=1',
    'utm_source=news&utm_anything=1&gclid=1&_token=t&csrfmiddlewaretoken=c&__VIEWSTATEGENERATOR=v&_charset_=utf-8',
  ];
  for (const body of [`\ufeff${goodForm()}`, ...added.map((fields) => `${fields}&${goodForm()}`)]) {
    t.equal((await postForm(app, body)).statusCode, 201, body);
  }
  for (const { lead } of submitted) t.strictSame(lead, submitted[0]?.lead);
});

t.test('the documentation lists every field that is left out', async (t) => {
  const text = readFileSync('docs/forms.md', 'utf8');
  for (const name of Object.values(IGNORED_FIELDS).flat()) t.match(text, `\`${name}\``, name);
});

t.test('a form that is not in UTF-8 is read in the encoding of its page', async (t) => {
  const { app, submitted } = await testApp(t);
  const sent = [
    [`${goodForm()}&consumer.firstName=Jos%E9`, 'José'],
    [Buffer.from(`${goodForm()}&consumer.firstName=Jos\xe9`, 'latin1'), 'José'],
    [`${goodForm()}&_charset_=windows-1251&consumer.firstName=%C0%ED%FF`, 'Аня'],
    [`${goodForm()}&_charset_=nothing&consumer.firstName=Jos%E9`, 'José'],
    [`${goodForm()}&_charset_=windows-1251&consumer.firstName=${encodeURIComponent('José')}`, 'José'],
  ] as const;
  for (const [body, name] of sent) {
    t.equal((await postForm(app, body)).statusCode, 201, name);
    t.equal(submitted.at(-1)?.lead.firstName, name);
  }
});

t.test('a form in multipart/form-data is read like any other, and its files are ignored', async (t) => {
  const { app, submitted } = await testApp(t);
  const data = new FormData();
  const fields = { 'consumer.firstName': 'José 你好', 'consumer.question': 'One\r\ntwo', 'listing.größe': 'XL' };
  for (const [name, value] of new URLSearchParams(goodForm(fields))) data.set(name, value);
  await postForm(app, goodForm(fields));
  data.set('photo', new File(['not for us'], 'car.jpg', { type: 'image/jpeg' }));
  data.set('consumer.lastName', new File([], ''));
  const request = new Request('http://page', { method: 'POST', body: data });
  const headers = { 'content-type': request.headers.get('content-type') ?? '' };
  t.equal((await postForm(app, Buffer.from(await request.arrayBuffer()), headers)).statusCode, 201);
  const withCharset = [
    '--b\r\nContent-Disposition: form-data; name="consumer.firstName"\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nJosé 你好',
    ...[...new URLSearchParams(goodForm({ ...fields, 'consumer.firstName': undefined }))].map(
      ([name, value]) => `\r\n--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`,
    ),
    '\r\n--b--\r\n',
  ].join('');
  const typed = { 'content-type': 'Multipart/Form-Data; boundary="b"' };
  t.equal((await postForm(app, withCharset, typed)).statusCode, 201, 'a part may name its charset');
  t.equal(submitted.length, 3);
  for (const { lead } of submitted) t.strictSame(lead, submitted[0]?.lead);
});
