import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import t from 'tap';
import type { Lead } from '../../src/domain/lead.ts';
import type { ProviderAccount } from '../../src/domain/provider.ts';
import { defined } from '../../src/lib/values.ts';
import { encodeLead } from '../../src/provider/encode.ts';
import { listingDetails } from '../../src/provider/listing.ts';
import { lead } from '../support/lead.ts';
import { account } from '../support/provider/raw-server.ts';

const full = lead({
  placementId: 7,
  firstName: 'Ann',
  lastName: "O'Neil",
  question: 'Is the "2019" <Civic> still available?',
  listing: { year: '2019', make: 'Honda', price: 19999.5, used: true },
});

t.test('the documented order is that of the provider’s reference', async (t) => {
  t.equal(
    encodeLead(full, account()),
    '<?xml version="1.0" encoding="utf-8"?>' +
      '<MobileTextConnectRequest>' +
      '<ProviderId>4711</ProviderId>' +
      '<UserName>gateway</UserName>' +
      '<Password>p&amp;ss&lt;word&gt;</Password>' +
      '<AdvertiserId>1659</AdvertiserId>' +
      '<PlacementId>7</PlacementId>' +
      '<ListingDetails>year: 2019; make: Honda; price: 19999.5; used: true</ListingDetails>' +
      '<ConsumerPhoneNumber>4045551212</ConsumerPhoneNumber>' +
      '<ConsumerPhoneNumberCountryCode>1</ConsumerPhoneNumberCountryCode>' +
      '<ConsumerFirstName>Ann</ConsumerFirstName>' +
      "<ConsumerLastName>O'Neil</ConsumerLastName>" +
      '<ConsumerQuestion>Is the "2019" &lt;Civic&gt; still available?</ConsumerQuestion>' +
      '</MobileTextConnectRequest>',
  );
});

t.test('the alphabetical order, another root and a namespace are written as configured', async (t) => {
  const wire = {
    order: 'alphabetical',
    root: 'InitiateRequest',
    namespace: 'http://schemas.example/2004/07/Text',
  } as const;
  t.equal(
    encodeLead({ ...full, target: { merchantId: 2147483647 } }, account({}, wire)),
    '<?xml version="1.0" encoding="utf-8"?>' +
      '<InitiateRequest xmlns="http://schemas.example/2004/07/Text">' +
      '<ConsumerFirstName>Ann</ConsumerFirstName>' +
      "<ConsumerLastName>O'Neil</ConsumerLastName>" +
      '<ConsumerPhoneNumber>4045551212</ConsumerPhoneNumber>' +
      '<ConsumerPhoneNumberCountryCode>1</ConsumerPhoneNumberCountryCode>' +
      '<ConsumerQuestion>Is the "2019" &lt;Civic&gt; still available?</ConsumerQuestion>' +
      '<ListingDetails>year: 2019; make: Honda; price: 19999.5; used: true</ListingDetails>' +
      '<MerchantId>2147483647</MerchantId>' +
      '<Password>p&amp;ss&lt;word&gt;</Password>' +
      '<PlacementId>7</PlacementId>' +
      '<ProviderId>4711</ProviderId>' +
      '<UserName>gateway</UserName>' +
      '</InitiateRequest>',
  );
});

t.test('the alphabetical order sorts an advertiser before everything else', async (t) => {
  const document = encodeLead(full, account({}, { order: 'alphabetical' }));
  const names = [...document.matchAll(/<([A-Z]\w+)>/g)].map(([, name]) => name).slice(1);
  t.equal(names[0], 'AdvertiserId');
  t.equal(names.length, 11);
});

t.test('an absent value is left out, never sent as an empty element', async (t) => {
  t.equal(
    encodeLead(lead({ target: { merchantId: 42 } }), account()),
    '<?xml version="1.0" encoding="utf-8"?>' +
      '<MobileTextConnectRequest>' +
      '<ProviderId>4711</ProviderId>' +
      '<UserName>gateway</UserName>' +
      '<Password>p&amp;ss&lt;word&gt;</Password>' +
      '<MerchantId>42</MerchantId>' +
      '<ConsumerPhoneNumber>4045551212</ConsumerPhoneNumber>' +
      '<ConsumerPhoneNumberCountryCode>1</ConsumerPhoneNumberCountryCode>' +
      '</MobileTextConnectRequest>',
  );
  t.notMatch(encodeLead(lead({ listing: {} }), account()), 'ListingDetails');
});

t.test('white space, line ends, markup and emoji are written so that every parser reads them back', async (t) => {
  const document = encodeLead(lead({ question: ' \r\n\tçş ]]> &amp; 🚗 ' }), account());
  t.match(document, '<ConsumerQuestion> &#xD;\n\tçş ]]&gt; &amp;amp; 🚗 </ConsumerQuestion>');
});

t.test('a number with a leading zero keeps it', async (t) => {
  const italian = lead({ phone: { e164: '+390612345678', callingCode: '39', national: '0612345678' } });
  t.match(encodeLead(italian, account()), '<ConsumerPhoneNumber>0612345678</ConsumerPhoneNumber>');
});

t.test('each account is encoded under its own wire profile', async (t) => {
  const other = account({}, { root: 'Other' });
  const roots = [account(), other, account(), other].map((one) => /<([A-Z]\w+)>/.exec(encodeLead(lead(), one))?.[1]);
  t.strictSame(roots, ['MobileTextConnectRequest', 'Other', 'MobileTextConnectRequest', 'Other']);
});

t.test('a character that XML cannot carry is an error that quotes nothing', async (t) => {
  for (const char of ['\u0000', '\u001f', '\ufffe', '\ud800']) {
    t.throws(() => encodeLead(lead({ question: `secret${char}` }), account()), {
      name: 'NotEncodable',
      message: /^(?!.*secret)/,
    });
  }
});

const car = { make: 'Citroën', 'trim level': 'a&b; c', price: 19999.5, used: true };

t.test('named values become one text, in their given order', async (t) => {
  t.equal(listingDetails(car, 'text'), 'make: Citroën; trim level: a&b; c; price: 19999.5; used: true');
});

t.test('named values become a JSON object whose types are kept', async (t) => {
  t.equal(listingDetails(car, 'json'), '{"make":"Citroën","trim level":"a&b; c","price":19999.5,"used":true}');
});

t.test('named values become a query with escapes', async (t) => {
  t.equal(listingDetails(car, 'urlencoded'), 'make=Citro%C3%ABn&trim+level=a%26b%3B+c&price=19999.5&used=true');
});

t.test('a listing that is a text is passed unchanged in every format', async (t) => {
  for (const format of ['text', 'json', 'urlencoded'] as const) {
    t.equal(listingDetails(' 2019 "Civic" & more\r\n', format), ' 2019 "Civic" & more\r\n');
    t.equal(listingDetails({}, format), undefined);
  }
});

const NAMESPACE = 'http://schemas.datacontract.org/2004/07/Text';

/** Every scalar value that XML 1.0 allows, with those that encoders get wrong more often than chance would bring them. */
const xmlChar = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('\r', '\n', '\t', ' ', '&', '<', '>', ']', '"', "'", ';', '\u0085', '\u2028', '🚗'),
  },
  {
    weight: 4,
    arbitrary: fc
      .oneof(
        fc.integer({ min: 0x20, max: 0xff }),
        fc.integer({ min: 0x100, max: 0xd7ff }),
        fc.integer({ min: 0xe000, max: 0xfffd }),
        fc.integer({ min: 0x10000, max: 0x10ffff }),
      )
      .map((codePoint) => String.fromCodePoint(codePoint)),
  },
  { weight: 1, arbitrary: fc.constantFrom(']]>', '<![CDATA[', '&#xD;', '&amp;', '<!--', '\r\n', 'password') },
);
const text = fc.string({ unit: xmlChar, minLength: 1, maxLength: 24 });
const optional = fc.option(text, { nil: undefined });
const id = fc.integer({ min: 1, max: 2147483647 });

type Sent = {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly lead: Lead;
  readonly provider: ProviderAccount;
};

const sent: fc.Arbitrary<Sent> = fc
  .record({
    providerId: id,
    username: text,
    password: text,
    target: fc.oneof(
      id.map((merchantId) => ({ merchantId })),
      text.map((advertiserId) => ({ advertiserId })),
    ),
    placementId: fc.option(id, { nil: undefined }),
    listing: optional,
    national: fc.stringMatching(/^\d{4,14}$/),
    callingCode: fc.stringMatching(/^[1-9]\d{0,2}$/),
    firstName: optional,
    lastName: optional,
    question: optional,
    order: fc.constantFrom('documented' as const, 'alphabetical' as const),
    namespace: fc.constantFrom(undefined, NAMESPACE),
  })
  .map(({ providerId, username, password, target, national, callingCode, order, namespace, ...optionals }) => ({
    values: {
      ProviderId: String(providerId),
      UserName: username,
      Password: password,
      MerchantId: 'merchantId' in target ? String(target.merchantId) : undefined,
      AdvertiserId: 'advertiserId' in target ? target.advertiserId : undefined,
      PlacementId: optionals.placementId?.toString(),
      ListingDetails: optionals.listing,
      ConsumerPhoneNumber: national,
      ConsumerPhoneNumberCountryCode: callingCode,
      ConsumerFirstName: optionals.firstName,
      ConsumerLastName: optionals.lastName,
      ConsumerQuestion: optionals.question,
    },
    lead: lead({
      ...defined(optionals),
      target,
      phone: { e164: `+${callingCode}${national}`, callingCode, national },
    }),
    provider: account({ providerId, username, password }, { order, ...defined({ namespace }) }),
  }));

/** The children of the root, in their order, as an independent conforming parser reads the bytes. */
function read(bytes: Buffer): { readonly namespaces: ReadonlySet<string>; readonly elements: [string, string][] } {
  const parser = new SaxesParser({ xmlns: true });
  const namespaces = new Set<string>();
  const elements: [string, string][] = [];
  let depth = 0;
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    namespaces.add(tag.uri);
    if (depth === 1) elements.push([tag.local, '']);
    depth += 1;
  });
  parser.on('closetag', () => {
    depth -= 1;
  });
  parser.on('text', (chunk) => {
    const last = elements.at(-1);
    if (last !== undefined) last[1] += chunk;
  });
  parser.write(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).close();
  return { namespaces, elements };
}

t.test('an independent parser reads back all values, in the configured order', async (t) => {
  const property = fc.property(sent, ({ lead, provider, values }) => {
    const { namespaces, elements } = read(Buffer.from(encodeLead(lead, provider)));
    const expected = Object.entries(values).filter(([, value]) => value !== undefined);
    if (provider.wire.order === 'alphabetical') expected.sort(([one], [other]) => (one < other ? -1 : 1));
    deepStrictEqual(elements, expected);
    deepStrictEqual([...namespaces], [provider.wire.namespace ?? '']);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 10_000, seed: 20261124 }));
});
