import t from 'tap';
import { nextPage } from '../../../src/http/routes/forms.ts';
import { DELIVERED, testApp } from '../../support/http/app.ts';
import { goodForm, postForm } from '../../support/http/form.ts';
import { site } from '../../support/lead.ts';

const DEALER = 'https://dealer.example';
const OTHER = 'https://other.example';
const SITES = new Map([['demo', site({ origins: new Set([DEALER, OTHER]) })]]);

t.test('after a stored lead the visitor is redirected to a page of the site with the outcome', async (t) => {
  for (const [status, outcome] of [
    ['delivered', 'delivered'],
    ['queued', 'received'],
    ['held', 'received'],
  ] as const) {
    const submit = async () => ({ conversation: { ...DELIVERED, status }, replayed: false });
    const { app } = await testApp(t, { settings: { sites: SITES }, submit });
    for (const [next, location] of [
      [`${DEALER}/thanks`, `${DEALER}/thanks?text-us=${outcome}`],
      [`${OTHER}/thanks?a=1#top`, `${OTHER}/thanks?a=1&text-us=${outcome}#top`],
      ['/thanks', `${DEALER}/thanks?text-us=${outcome}`],
      [`${DEALER}/?text-us=rejected`, `${DEALER}/?text-us=${outcome}`],
      [DEALER, `${DEALER}/?text-us=${outcome}`],
    ] as const) {
      const answer = await postForm(app, goodForm({ next }));
      t.equal(answer.statusCode, 303, next);
      t.equal(answer.headers.location, location);
      t.equal(answer.headers['cache-control'], 'no-store');
      t.equal(answer.body, '');
    }
  }
});

t.test('no other page is a target of the redirect: the lead is stored, and our own page answers', async (t) => {
  const { app, submitted } = await testApp(t, { settings: { sites: SITES } });
  const pages = [
    'https://evil.example/',
    '//evil.example/',
    '\\\\evil.example\\',
    '/\\evil.example/',
    `${DEALER}.evil.example/`,
    `${DEALER}@evil.example/`,
    `https://user:word@dealer.example/`,
    'http://dealer.example/',
    `${DEALER}:8443/`,
    'javascript:alert(1)',
    'data:text/html,x',
    'blob:https://dealer.example/1',
    'https://dealer.example%2eevil.example/',
    'https://evil.example\t/',
    `https://evil.example/?${DEALER}/`,
    'https://[',
  ];
  for (const next of pages) {
    const answer = await postForm(app, goodForm({ next }));
    t.equal(answer.statusCode, 201, next);
    t.notOk(answer.headers.location);
    t.notMatch(answer.body, 'evil');
  }
  t.equal(submitted.length, pages.length, 'the lead is stored all the same');
});

t.test('a line break in the address never reaches a header', async (t) => {
  const { app } = await testApp(t, { settings: { sites: SITES } });
  const answer = await postForm(app, goodForm({ next: `${DEALER}/a\r\nset-cookie: b=c` }));
  t.equal(answer.headers.location, `${DEALER}/aset-cookie:%20b=c?text-us=delivered`);
  t.notOk(answer.headers['set-cookie']);
});

t.test('a request that failed is not redirected', async (t) => {
  const { app } = await testApp(t, { settings: { sites: SITES } });
  const answer = await postForm(app, goodForm({ next: `${DEALER}/thanks`, 'consumer.phone': '1' }));
  t.equal(answer.statusCode, 422);
  t.notOk(answer.headers.location);
});

t.test('at a site that accepts any page, the redirect may lead only to the page’s own origin', async (t) => {
  const open = { origins: '*' } as const;
  t.equal(nextPage(`${OTHER}/`, open, OTHER, 'received'), `${OTHER}/?text-us=received`);
  for (const origin of [DEALER, 'null', undefined]) t.equal(nextPage(`${OTHER}/`, open, origin, 'received'), undefined);
  t.equal(nextPage('/thanks', open, 'null', 'received'), undefined);
  t.equal(nextPage(undefined, open, OTHER, 'received'), undefined);
});
