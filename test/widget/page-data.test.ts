import t from 'tap';
import { cleanCountry, cleanListing, cleanText, withoutRefused } from '../../src/widget/clean.ts';
import { toJson } from '../../src/widget/json.ts';
import { problem } from '../support/widget/fake-gateway.ts';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

function cleaned(listing: unknown): { listing: unknown; told: string[] } {
  const told: string[] = [];
  return { listing: cleanListing(listing, (pointer) => told.push(pointer)), told };
}

const CAR = { vin: '2HGFC2F59KH500000' };

t.test('a listing is cleaned, and each change is told by its pointer', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 34 }, (_, n) => [`n${n}`, n]));
  for (const [given, listing, told] of [
    [CAR, CAR, []],
    [
      { ...CAR, price: null, photos: [], seller: undefined },
      CAR,
      ['/listing/price', '/listing/photos', '/listing/seller'],
    ],
    [{ ...CAR, empty: '' }, CAR, []],
    [
      { ...CAR, year: Number.NaN, miles: 38_400, sold: false },
      { ...CAR, miles: 38_400, sold: false },
      ['/listing/year'],
    ],
    [{ stock: 2 ** 60 }, { stock: String(2 ** 60) }, []],
    [{ model: 'Civic\u000bEX\0' }, { model: 'Civic EX' }, ['/listing/model']],
    [{ comments: 'x'.repeat(300) }, { comments: 'x'.repeat(256) }, ['/listing/comments']],
    [{ emoji: '🚗'.repeat(300) }, { emoji: '🚗'.repeat(256) }, ['/listing/emoji']],
    [
      { colours: ['blue', null, 'white', ['a']], dealer: { id: 1 } },
      { colours: 'blue, white, a', dealer: '{"id":1}' },
      [],
    ],
    [{ 'a/b~c': null, '  ': 1 }, undefined, ['/listing/a~1b~0c', '/listing/  ']],
    [{ ['n'.repeat(70)]: 1 }, { ['n'.repeat(64)]: 1 }, [`/listing/${'n'.repeat(70)}`]],
    [many, Object.fromEntries(Object.entries(many).slice(0, 32)), ['/listing/n32', '/listing/n33']],
    [{}, undefined, []],
    [[], undefined, []],
    [null, undefined, []],
    ['plain\ud83d', 'plain', ['/listing']],
    ['x'.repeat(2001), 'x'.repeat(2000), ['/listing']],
    ['', undefined, []],
    [4711, '4711', []],
  ] as const) {
    t.strictSame(cleaned(given), { listing, told: [...told] }, toJson(given).slice(0, 60));
  }
  const { listing } = cleaned(JSON.parse('{"__proto__":"a name like any other"}'));
  t.ok(Object.hasOwn(Object(listing), '__proto__'));
});

t.test('a text keeps everything that can be sent', async (t) => {
  const text = ' José\t你好 🚗\r\n\u2028 ';
  t.equal(
    cleanText(text, 64, () => t.fail('nothing is to be told')),
    text,
  );
  t.equal(cleanText('Civic for you \ud83d', 256), 'Civic for you ');
  t.equal(cleanText('\ufffe\uffff\u0001', 256), '');
});

t.test('a country is read in the spellings of page authors', async (t) => {
  for (const [given, country, told] of [
    ['us', 'US', 0],
    [' Ca ', 'CA', 0],
    ['UK', 'GB', 0],
    ['USA', undefined, 1],
    ['United States', undefined, 1],
    ['419', undefined, 1],
    ['u-s', undefined, 1],
  ] as const) {
    let warnings = 0;
    t.equal(
      cleanCountry(given, () => warnings++),
      country,
      given,
    );
    t.equal(warnings, told, given);
  }
});

t.test('what the gateway refuses is left out only if the page gave it and the lead can do without it', async (t) => {
  const body = {
    site: 'demo',
    consumer: { phone: '1', country: 'XX' },
    listing: CAR,
    page: { url: 'x' },
    placementId: 1,
  };
  const rest = (...pointers: string[]) => {
    const left = withoutRefused(
      body,
      pointers.map((pointer) => ({ pointer })),
      () => {},
    );
    return left && JSON.parse(toJson(left));
  };
  t.strictSame(rest('/listing/vin'), JSON.parse(toJson({ ...body, listing: undefined })));
  t.strictSame(rest('/page/url', '/placementId'), { site: 'demo', consumer: body.consumer, listing: CAR });
  t.strictSame(rest('/consumer/country').consumer, { phone: '1' });
  for (const pointer of ['/consumer/phone', '/site', '/advertiserId', '/pagefoo', ''])
    t.equal(rest(pointer), undefined, pointer);
  t.equal(rest('/listing', '/consumer/phone'), undefined);
  t.equal(rest(), undefined);
});

t.test('JSON is the same as that of the browser', async (t) => {
  const value = { a: [1, null, undefined, 'ü"\n\ud83d'], b: undefined, c: { d: false, e: null }, 'f"': 1.5 };
  t.equal(toJson(value), JSON.stringify(value));
});

t.test('whatever a page’s author wrote, the lead arrives, and the author is told', async (t) => {
  const { launchPage } = await createPageLauncher(t);
  const { gateway, page, events } = await launchPage(t, {
    attributes: `country="us" placement-id="hero" advertiser-id=" 1659 " merchant-id="7"
      listing='{"vin":"2HGFC2F59KH500000","price":null}'`,
  });
  const said: string[] = [];
  page.on('console', (line) => line.type() === 'warning' && said.push(line.text()));
  await page.evaluate(`{
    document.documentElement.lang = 'es_MX';
    document.title = 'Civic for you \u{1F697}'.slice(0, 15);
    addEventListener('text-us:warning', ({ detail }) => heard.push({ type: 'warning', detail }));
  }`);
  gateway.next.post.push(problem(422, 'invalid_request', ['/listing/vin']));
  const visitor = visitorOf(page);
  await visitor.ask();
  await visitor.reads('Mensaje enviado');
  const [first, second] = gateway.posts();
  t.match(first?.body, {
    advertiserId: '1659',
    consumer: { country: 'US' },
    listing: CAR,
    page: { title: 'Civic for you ' },
  });
  t.strictSame([first?.body.merchantId, first?.body.placementId], [undefined, undefined]);
  t.equal(second?.body.listing, undefined);
  t.not(first?.headers['idempotency-key'], second?.headers['idempotency-key'], 'another content has another key');
  const pointers = ['/merchantId', '/placementId', '/listing/price', '/page/title', '/listing/vin'];
  const heard = await events();
  t.strictSame(
    heard.filter(({ type }) => type === 'warning').map(({ detail }) => detail?.pointer),
    pointers,
  );
  t.strictSame(
    said.map((line) => line.match(/text-us: (\S+)/)?.[1]),
    pointers,
  );
  t.match(heard.at(-1), { type: 'success', detail: { errors: pointers.map((pointer) => ({ pointer })) } });
});
