import t from 'tap';
import { MAX_FIELD_ERRORS } from '../../../src/domain/draft.ts';
import { goodBody, type Overrides, testApp } from '../../support/http/app.ts';
import { site } from '../../support/lead.ts';

type Problem = { code: string; detail: string; errors: { pointer: string; code: string; detail: string }[] };

async function refusal(
  t: Parameters<typeof testApp>[0],
  body: object,
  overrides?: Overrides,
): Promise<Problem & { status: number }> {
  const { app, submitted } = await testApp(t, overrides);
  const answer = await app.inject({ method: 'POST', url: '/conversations', payload: body });
  t.equal(submitted.length, 0);
  return answer.json();
}

const pointers = ({ errors }: Problem) => errors.map(({ pointer }) => pointer);

t.test('all mistakes in the form of a body are reported at once, in the order of the contract', async (t) => {
  const problem = await refusal(t, {
    extra: 1,
    page: [1],
    consent: { text: 7, more: 1 },
    listing: { vin: null, price: {}, ok: 'x', ['n'.repeat(65)]: 1 },
    consumer: { firstName: 'x'.repeat(65), country: 'usa', lastName: null },
    placementId: '7',
    merchantId: 0,
    site: 'demo',
  });
  t.match(problem, { status: 422, code: 'invalid_request', detail: /^\/merchantId: / });
  t.strictSame(pointers(problem), [
    ...[
      '/merchantId',
      '/placementId',
      '/consumer/phone',
      '/consumer/country',
      '/consumer/firstName',
      '/consumer/lastName',
    ],
    ...[
      '/listing/vin',
      '/listing/price',
      `/listing/${'n'.repeat(64)}`,
      '/consent/text',
      '/consent/more',
      '/page',
      '/extra',
    ],
  ]);
});

t.test('all mistakes in the meaning of a body are reported at once, each with its own code', async (t) => {
  const problem = await refusal(
    t,
    {
      ...goodBody({ site: 'dealer', advertiserId: '1660', page: { url: 'ftp://x' }, listing: { a: '\u0000', ' ': 1 } }),
      consumer: { phone: '123', question: 'a\u0000' },
    },
    {
      settings: {
        sites: new Map([
          [
            'dealer',
            site({
              key: 'dealer',
              targets: { advertiserIds: new Set(['1659']), merchantIds: new Set() },
              consentRequired: true,
            }),
          ],
        ]),
      },
    },
  );
  t.match(problem, { status: 403, code: 'target_not_allowed' });
  t.strictSame(
    problem.errors.map(({ pointer, code }) => `${pointer} ${code}`),
    [
      '/advertiserId target_not_allowed',
      '/consumer/phone invalid_phone',
      '/consumer/question invalid_request',
      '/listing/a invalid_request',
      '/listing/  invalid_request',
      '/consent consent_required',
      '/page/url invalid_request',
    ],
  );
});

t.test('mistakes of form and meaning are reported together, without those that follow from another', async (t) => {
  const problem = await refusal(
    t,
    goodBody({ site: 'demo', page: { url: 'x' }, placementId: 'x', consumer: { phone: '123', firstName: 7 } }),
  );
  t.match(problem, { status: 422, code: 'invalid_request' });
  t.strictSame(pointers(problem), ['/placementId', '/consumer/firstName', '/consumer/phone', '/page/url']);
  t.strictSame(pointers(await refusal(t, goodBody({ consumer: { phone: 7, country: 'XX' } }))), ['/consumer/phone']);
  t.strictSame(pointers(await refusal(t, { site: 'demo', consumer: 'x', advertiserId: ' ' })), [
    '/consumer',
    '/advertiserId',
  ]);
  t.strictSame(pointers(await refusal(t, { site: 'nobody', placementId: 'x' })), ['/placementId', '/consumer']);
});

t.test('all missing fields that the site’s form requires are named', async (t) => {
  const fields = { firstName: 'required', lastName: 'required', question: 'shown' } as const;
  const demo = site();
  const sites = new Map([['demo', { ...demo, form: { ...demo.form, fields } }]]);
  const problem = await refusal(t, goodBody({ consumer: { phone: '123', lastName: ' ' } }), { settings: { sites } });
  t.strictSame(pointers(problem), ['/consumer/firstName', '/consumer/lastName', '/consumer/phone']);
});

t.test('an answer has a bounded number of errors, however many mistakes a body has', async (t) => {
  const unknown = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`n${n}`, null]));
  t.equal((await refusal(t, { ...unknown, consumer: unknown })).errors.length, MAX_FIELD_ERRORS);
  const listing = Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`n${n}`, '\u0000']));
  t.equal((await refusal(t, goodBody({ listing }))).errors.length, MAX_FIELD_ERRORS);
  t.strictSame(pointers(await refusal(t, goodBody({ listing: unknown }))), ['/listing']);
});

t.test('the refusal of an unknown field names the field that was probably meant', async (t) => {
  for (const [body, pointer, meant] of [
    [{ Site: 'demo' }, '/Site', '/site'],
    [{ advertizerId: '1' }, '/advertizerId', '/advertiserId'],
    [{ advertiser_id: '1' }, '/advertiser_id', '/advertiserId'],
    [{ phone: '1' }, '/phone', '/consumer/phone'],
    [{ first_name: 'A' }, '/first_name', '/consumer/firstName'],
    [{ consumer: { phone: '4045551212', fistName: 'A' } }, '/consumer/fistName', '/consumer/firstName'],
    [{ page: { link: 'x' } }, '/page/link', undefined],
    [{ whatever: 1 }, '/whatever', undefined],
    [{ __proto__x: 1 }, '/__proto__x', undefined],
    [{ constructor: 1 }, '/constructor', undefined],
  ] as const) {
    const { errors } = await refusal(t, goodBody(body));
    const detail = errors.find((error) => error.pointer === pointer)?.detail ?? '';
    t.equal(/Did you mean (\S+)\?/.exec(detail)?.[1], meant, pointer);
    t.match(detail, /^Is not a known field; leave it out\./);
  }
});
