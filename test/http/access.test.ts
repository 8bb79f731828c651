import { hash } from 'node:crypto';
import t from 'tap';
import type { Partner } from '../../src/domain/site.ts';
import {
  createPartnerCheck,
  missingFromProxy,
  originOfRead,
  type PageRequest,
  pageOf,
  recordedOrigin,
  siteFor,
} from '../../src/http/access.ts';
import { site } from '../support/lead.ts';

function partner(id: string, ...keys: string[]): Partner {
  return {
    id,
    keyHashes: keys.map((key) => hash('sha256', key, 'buffer')),
    sites: '*',
    rate: { max: 10, windowS: 60 },
  };
}

const partnerOf = createPartnerCheck(
  new Map([partner('acme', 'old-key', 'new-key'), partner('other', 'b64+/~key==')].map((each) => [each.id, each])),
);

t.test('each key of a partner identifies that partner', async (t) => {
  t.equal(partnerOf('Bearer old-key').id, 'acme');
  t.equal(partnerOf('Bearer new-key').id, 'acme');
  t.equal(partnerOf('Bearer b64+/~key==').id, 'other');
});

t.test('the scheme is accepted in any letter case, and with more than one space', async (t) => {
  t.equal(partnerOf('bearer old-key').id, 'acme');
  t.equal(partnerOf('BEARER   old-key').id, 'acme');
});

t.test('any other header is refused without quoting it', async (t) => {
  for (const header of [
    '',
    'Bearer',
    'Bearer ',
    'old-key',
    'Basic old-key',
    'Bearer old-key ',
    'Bearer old-key new-key',
    'Bearer\told-key',
    'Bearer old-ke',
    'Bearer OLD-KEY',
    'Bearer "old-key"',
    `Bearer ${'k'.repeat(513)}`,
  ]) {
    try {
      partnerOf(header);
      t.fail(`"${header}" was accepted`);
    } catch (error) {
      t.match(error, { name: 'Refusal', code: 'invalid_api_key' });
      t.notMatch((error as Error).message, 'old');
    }
  }
});

t.test('without partners every key is refused', async (t) => {
  t.throws(() => createPartnerCheck(new Map())('Bearer old-key'), { code: 'invalid_api_key' });
});

const SITES = new Map(
  [site(), site({ key: 'dealer', origins: new Set(['https://dealer.example']) })].map((each) => [each.key, each]),
);
const PARTNER: Partner = {
  id: 'acme',
  keyHashes: [],
  defaultSite: 'dealer',
  sites: new Set(['dealer']),
  rate: { max: 10, windowS: 60 },
};

t.test('a browser may use a site from one of its pages', async (t) => {
  t.equal(siteFor(SITES, 'dealer', { origin: 'https://dealer.example' }).key, 'dealer');
});

t.test('a site that accepts any origin also accepts null and none', async (t) => {
  for (const origin of ['https://anywhere.example', 'null', undefined]) {
    t.equal(siteFor(SITES, 'demo', { origin }).key, 'demo');
  }
});

t.test('a partner needs no origin, and its own default site applies', async (t) => {
  t.equal(siteFor(SITES, undefined, { partner: PARTNER }).key, 'dealer');
  t.equal(siteFor(SITES, 'dealer', { partner: PARTNER, origin: 'https://evil.example' }).key, 'dealer');
});

t.test('a partner can use only its own sites', async (t) => {
  t.throws(() => siteFor(SITES, 'demo', { partner: PARTNER }), { code: 'unknown_site' });
  t.equal(siteFor(SITES, 'demo', { partner: { ...PARTNER, sites: '*' } }).key, 'demo');
});

const PAGE = 'https://dealer.example';

function from(
  headers: PageRequest['headers'],
  host = '127.0.0.1:8080',
  protocol: 'http' | 'https' = 'http',
): PageRequest {
  return { headers, host, protocol };
}

t.test('the page of a read is that of Origin, else of Referer, else of the request’s own host', async (t) => {
  const referer = `${PAGE}/car/1?vin=1`;
  t.equal(originOfRead(from({ origin: 'https://other.example', referer })), 'https://other.example');
  t.equal(originOfRead(from({ referer, 'sec-fetch-site': 'same-origin' })), PAGE);
  t.equal(originOfRead(from({ referer })), PAGE, 'browsers send no Sec-Fetch-Site by plain http');
  for (const fetched of ['cross-site', 'same-site', 'none', 'x']) {
    t.equal(originOfRead(from({ referer, 'sec-fetch-site': fetched })), 'http://127.0.0.1:8080', fetched);
  }
  for (const unusable of ['', 'about:blank', 'data:,x', '/car', 'https://[']) {
    t.equal(originOfRead(from({ referer: unusable }, 'dealer.example', 'https')), PAGE, unusable);
  }
});

t.test('the GET of a form and the POST of its lead give the same page', async (t) => {
  const referer = `${PAGE}/car/1`;
  const fetched = { 'sec-fetch-site': 'same-origin' };
  const cases: [name: string, get: PageRequest, post: PageRequest][] = [
    ['on another host', from({ origin: PAGE }), from({ origin: PAGE })],
    ['on our own host', from({}, 'dealer.example'), from({ origin: PAGE }, 'dealer.example')],
    [
      'on our own host with a port',
      from({}, 'a.example:8443'),
      from({ origin: 'https://a.example:8443' }, 'a.example:8443'),
    ],
    ['behind a proxy that replaces Host', from({ referer, ...fetched }), from({ origin: PAGE, referer, ...fetched })],
    ['behind such a proxy, by plain http', from({ referer }), from({ origin: PAGE, referer })],
    ['behind such a proxy, with a hidden Referer', from(fetched), from({ origin: PAGE, ...fetched })],
  ];
  for (const [name, get, post] of cases) t.equal(pageOf(get), pageOf(post), name);
  t.not(
    pageOf(from({ referer })),
    pageOf(from({ origin: 'https://other.example' })),
    'another page has another identity',
  );
  t.not(pageOf(from({ origin: 'null' })), pageOf(from({})));
  t.not(pageOf(from({ origin: 'https://a.example' }, 'a.example:8443')), 'self', 'another port is another host');
});

t.test('the header that a proxy lacks is named if the request itself names no page', async (t) => {
  const dealer = site({ origins: new Set([PAGE, 'https://www.dealer.example:8443']) });
  const lacks = (headers: PageRequest['headers'], host?: string) => missingFromProxy(from(headers, host), dealer);
  t.equal(lacks({}), 'X-Forwarded-Host');
  t.equal(lacks({ 'x-forwarded-host': 'elsewhere.example' }), 'X-Forwarded-Host');
  t.equal(lacks({ 'x-forwarded-host': 'dealer.example' }), 'TRUST_PROXY', 'the header exists but is not trusted');
  t.equal(lacks({}, 'www.dealer.example:8443'), 'X-Forwarded-Proto');
  t.equal(lacks({ 'x-forwarded-proto': 'https' }, 'dealer.example'), 'TRUST_PROXY');
  t.equal(lacks({ origin: 'https://evil.example' }), undefined);
  t.equal(lacks({ referer: 'https://evil.example/' }), undefined);
});

t.test('the recorded origin has a maximum length', async (t) => {
  t.equal(recordedOrigin(PAGE), PAGE);
  t.equal(recordedOrigin(`https://${'a'.repeat(300)}`), undefined);
  t.equal(recordedOrigin(undefined), undefined);
});
