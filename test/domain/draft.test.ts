import t from 'tap';
import { draftLead, type LeadRequest } from '../../src/domain/draft.ts';
import { accountOf, testProviderOf } from '../../src/domain/provider.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import type { Partner } from '../../src/domain/site.ts';
import { leadRequest, site } from '../support/lead.ts';

function refusal(body: LeadRequest, at = site(), partner?: Partner): { code: string; pointer: string | undefined } {
  try {
    draftLead(body, at, partner ? { partner } : {});
  } catch (error) {
    const { code, errors } = error as Refusal;
    return { code, pointer: errors[0]?.pointer };
  }
  throw new Error('the request was taken');
}

function partner(changes: Partial<Partner> = {}): Partner {
  return { id: 'platform', keyHashes: [], sites: '*', rate: { max: 600, windowS: 60 }, ...changes };
}

t.test('a full request becomes a lead with every text unchanged', async (t) => {
  const body: LeadRequest = {
    site: 'demo',
    advertiserId: ' 1659 ',
    placementId: 7,
    consumer: { phone: '404 555 1212', firstName: ' Ann ', lastName: "O'Neil", question: 'Déjà vu? 🚗\n<b>&amp;' },
    listing: { year: '2019', price: 19999.5, used: true },
    consent: { text: 'I agree.', version: '2026-11' },
    page: { url: 'https://dealer.example/1', title: 'Civic' },
  };
  t.strictSame(draftLead(body, site(), { origin: 'https://dealer.example' }), {
    site: 'demo',
    provider: 'default',
    target: { advertiserId: ' 1659 ' },
    targetFrom: 'caller',
    placementId: 7,
    phone: { e164: '+14045551212', callingCode: '1', national: '4045551212' },
    firstName: ' Ann ',
    lastName: "O'Neil",
    question: 'Déjà vu? 🚗\n<b>&amp;',
    listing: { year: '2019', price: 19999.5, used: true },
    consent: { text: 'I agree.', version: '2026-11' },
    page: { url: 'https://dealer.example/1', title: 'Civic' },
    origin: 'https://dealer.example',
  });
});

t.test('blank optional texts are absent', async (t) => {
  const blank = draftLead(
    leadRequest({
      consumer: { phone: '4045551212', country: ' ', firstName: '', lastName: ' ', question: '\n\t' },
      listing: { vin: '', make: ' ' },
      consent: { text: ' ' },
      page: { url: '', title: '' },
    }),
    site(),
    {},
  );
  t.strictSame(blank, draftLead(leadRequest(), site(), {}));
  t.notOk('question' in blank);
  t.notOk('listing' in draftLead(leadRequest({ listing: ' ' }), site(), {}));
});

t.test('the site fills in what the request leaves out', async (t) => {
  const dealer = site({ defaultTarget: { merchantId: 42 }, placementId: 9, country: 'GB', countries: new Set(['GB']) });
  t.match(draftLead({ consumer: { phone: '020 7946 0958' } }, dealer, {}), {
    target: { merchantId: 42 },
    targetFrom: 'site',
    placementId: 9,
    phone: { callingCode: '44' },
  });
});

t.test('a target outside of what the site or the partner may reach is refused', async (t) => {
  const narrow = site({ targets: { advertiserIds: new Set(['1']), merchantIds: new Set([2]) } });
  t.equal(draftLead(leadRequest({ advertiserId: '1' }), narrow, {}).targetFrom, 'caller');
  t.strictSame(refusal(leadRequest(), narrow), { code: 'target_not_allowed', pointer: '/advertiserId' });
  t.strictSame(refusal({ merchantId: 3, consumer: { phone: '4045551212' } }, narrow), {
    code: 'target_not_allowed',
    pointer: '/merchantId',
  });
  const limited = partner({ targets: { advertiserIds: new Set(['7']), merchantIds: new Set() } });
  t.strictSame(refusal(leadRequest(), site(), limited), { code: 'target_not_allowed', pointer: '/advertiserId' });
  t.strictSame(
    refusal({ consumer: { phone: '4045551212' } }, site({ defaultTarget: { merchantId: 5 } }), limited),
    { code: 'target_not_allowed', pointer: '/merchantId' },
    'a partner cannot reach by default what it may not name',
  );
});

t.test('what means nothing is refused and its field named', async (t) => {
  const cases: [string, LeadRequest, string][] = [
    ['both ids', leadRequest({ merchantId: 1 }), '/merchantId'],
    ['no id and no default', { consumer: { phone: '4045551212' } }, '/advertiserId'],
    ['a blank id', leadRequest({ advertiserId: ' ' }), '/advertiserId'],
    ['NUL in an id', leadRequest({ advertiserId: 'a\u0000' }), '/advertiserId'],
    ['an escape character in a phone', leadRequest({ consumer: { phone: '404\u001b5551212' } }), '/consumer/phone'],
    [
      'a lone surrogate in a name',
      leadRequest({ consumer: { phone: '4045551212', firstName: '\ud83d' } }),
      '/consumer/firstName',
    ],
    [
      'U+FFFE in a last name',
      leadRequest({ consumer: { phone: '4045551212', lastName: 'a\ufffe' } }),
      '/consumer/lastName',
    ],
    [
      'a vertical tab in a question',
      leadRequest({ consumer: { phone: '4045551212', question: 'a\u000bb' } }),
      '/consumer/question',
    ],
    ['a bell in a listing text', leadRequest({ listing: 'a\u0007' }), '/listing'],
    ['a bell in a listing value', leadRequest({ listing: { 'a/b~c': 'x\u0007' } }), '/listing/a~1b~0c'],
    ['a bell in a listing name', leadRequest({ listing: { 'a\u0007': 'x' } }), '/listing'],
    ['a blank listing name', leadRequest({ listing: { ' ': 'x' } }), '/listing/ '],
    ['an integer that JSON has rounded', leadRequest({ listing: { stock: 2 ** 60 } }), '/listing/stock'],
    ['half a pair in a consent', leadRequest({ consent: { text: '\udc00' } }), '/consent/text'],
    ['a page that is no URL', leadRequest({ page: { url: 'dealer' } }), '/page/url'],
    ['a page of another scheme', leadRequest({ page: { url: 'javascript:alert(1)' } }), '/page/url'],
    ['NUL in a title', leadRequest({ page: { title: '\u0000' } }), '/page/title'],
  ];
  for (const [name, body, pointer] of cases) t.strictSame(refusal(body), { code: 'invalid_request', pointer }, name);
});

t.test('a site that requires consent takes no lead without it', async (t) => {
  const strict = site({ consentRequired: true });
  t.strictSame(refusal(leadRequest(), strict), { code: 'consent_required', pointer: '/consent' });
  t.strictSame(refusal(leadRequest({ consent: {} }), strict), { code: 'consent_required', pointer: '/consent' });
  t.strictSame(draftLead(leadRequest({ consent: { version: '3' } }), strict, {}).consent, { version: '3' });
});

t.test('tabs, line ends and every other character of XML pass', async (t) => {
  const question = 'a\tb\r\nc\u0085\u2028\u{10ffff}';
  t.equal(draftLead(leadRequest({ consumer: { phone: '4045551212', question } }), site(), {}).question, question);
});

t.test('a lead of a test site, or of a test key, is for the test provider of its account', async (t) => {
  const at = { ...site(), provider: 'europe' };
  t.equal(draftLead(leadRequest(), at, {}).provider, 'europe');
  t.equal(draftLead(leadRequest(), at, { test: true }).provider, testProviderOf('europe'));
  t.equal(draftLead(leadRequest(), { ...at, test: true }, {}).provider, testProviderOf('europe'));
  t.equal(accountOf(testProviderOf('europe')), 'europe');
  t.equal(accountOf('europe'), 'europe');
});
