import t from 'tap';
import { encodeLead } from '../../src/upstream/encode.ts';
import { lead } from '../support/lead.ts';
import { account } from './account.ts';

const full = lead({
  placementId: 7,
  firstName: 'Ann',
  lastName: "O'Neil",
  question: 'Is the "2019" <Civic> still available?',
  listing: { year: '2019', make: 'Honda', price: 19999.5, used: true },
});

t.test('the documented order is the one of the reference', async (t) => {
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

t.test('white space, line ends, markup and emoji have one spelling that every parser reads back', async (t) => {
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
