import { join } from 'node:path';
import t from 'tap';
import { renderLead } from '../../src/cli/commands/render.ts';
import { gateway, startProgram } from '../support/cli/process.ts';
import { lead as anyLead, leadRequest, site } from '../support/lead.ts';
import { account } from '../support/provider/raw-server.ts';

const LEAD = JSON.stringify({ advertiserId: '1659', consumer: { phone: '(404) 555-1212' } });

const SETTINGS = {
  sites: new Map([['demo', site()]]),
  providers: new Map([[anyLead().provider, account({ password: 'canary-password' })]]),
};

const render = (lead: unknown, settings = SETTINGS): string => renderLead(Buffer.from(JSON.stringify(lead)), settings);

t.test('the document is the one that would be sent, with the password masked', async (t) => {
  const lead = {
    ...leadRequest(),
    site: 'demo',
    consumer: { phone: '(404) 555-1212', question: 'Is it\r\nstill there? 🚗' },
    listing: { year: '2019', make: 'Honda' },
  };
  t.equal(
    render(lead),
    '<?xml version="1.0" encoding="utf-8"?>' +
      '<MobileTextConnectRequest>' +
      '<ProviderId>4711</ProviderId>' +
      '<UserName>gateway</UserName>' +
      '<Password>********</Password>' +
      '<AdvertiserId>1659</AdvertiserId>' +
      '<ListingDetails>year: 2019; make: Honda</ListingDetails>' +
      '<ConsumerPhoneNumber>4045551212</ConsumerPhoneNumber>' +
      '<ConsumerPhoneNumberCountryCode>1</ConsumerPhoneNumberCountryCode>' +
      '<ConsumerQuestion>Is it&#xD;\nstill there? 🚗</ConsumerQuestion>' +
      '</MobileTextConnectRequest>',
  );
});

t.test('the document is written in the wire profile of the account', async (t) => {
  const wire = {
    root: 'request',
    wrappers: [{ name: 'Start', attributes: { xmlns: 'urn:s' } }],
    soap: { version: '1.1' },
  } as const;
  const providers = new Map([[anyLead().provider, account({}, wire)]]);
  const document = render(leadRequest({ site: 'demo' }), { ...SETTINGS, providers });
  t.match(document, '<s:Body><Start xmlns="urn:s"><request><ProviderId>4711</ProviderId><UserName>gateway</UserName>');
  t.match(document, '<Password>********</Password>');
});

t.test('a lead without a site is read as one for the only site, and must name one of several', async (t) => {
  t.equal(render(leadRequest()), render(leadRequest({ site: 'demo' })));
  const sites = new Map([...SETTINGS.sites, ['other', site({ key: 'other' })] as const]);
  t.throws(() => render(leadRequest(), { ...SETTINGS, sites }), {
    message: '/site is missing; use one of: demo, other',
  });
});

t.test('a lead that the gateway would refuse is explained without quoting it', async (t) => {
  const cases: [lead: unknown, said: string][] = [
    [{ consumer: { phone: 4045551212 } }, '/consumer/phone must be string'],
    [{ consumer: { phone: '4045551212', nick: 'canary' } }, '/consumer must NOT have additional properties: nick'],
    [leadRequest({ consumer: { phone: 'canary' } }), '/consumer/phone: '],
    [leadRequest({ merchantId: 1 }), '/merchantId: '],
    [leadRequest({ site: 'canary' }), '/site is not configured; use one of: demo'],
    ['canary', 'the body must be object'],
  ];
  for (const [lead, said] of cases) {
    t.throws(() => render(lead), { name: 'UnusableLead', message: said });
    t.throws(() => render(lead), { message: /^(?!.*canary)/s });
  }
});

t.test('a body that is not JSON in UTF-8 is explained without quoting it', async (t) => {
  for (const body of ['', '{canary', Buffer.from([0x22, 0xff, 0x22])]) {
    t.throws(() => renderLead(Buffer.from(body), SETTINGS), { message: 'The lead is not JSON in UTF-8.' });
  }
});

t.test('the document of a file is printed under the settings of the environment', async (t) => {
  const file = join(t.testdir({ 'lead.json': LEAD }), 'lead.json');
  const env = { UPSTREAM_XML_ROOT: 'Start', UPSTREAM_XML_ORDER: 'alphabetical' };
  const printed = {
    code: 0,
    err: '',
    out: /^<\?xml version="1.0" encoding="utf-8"\?><Start><AdvertiserId>1659<.*<Password>\*{8}<.*<\/Start>\n$/,
  };
  t.match(await gateway(['render', file], env), printed);
  t.match(await startProgram(['render', '-'], env, LEAD), printed, 'the same from standard input');
});

t.test('a lead that the gateway would refuse is explained and exits with 1', async (t) => {
  t.match(await gateway(['render', '-'], {}, '{}'), { code: 1, out: '', err: /the body must have required property/ });
});

t.test('every mistake in the configuration is listed, and it exits 1', async (t) => {
  const env = { UPSTREAM_XML_ORDER: 'reverse', PORT: 'http' };
  t.match(await gateway(['render', '-'], env, LEAD), { code: 1, out: '', err: /PORT .*UPSTREAM_XML_ORDER /s });
});

t.test('a wrong command says how it is used and exits 2', async (t) => {
  t.match(await gateway(['render']), { code: 2, out: '', err: /gateway -- render --help/ });
  t.match(await gateway(['render', '--colour', 'x']), { code: 2, out: '', err: /gateway -- render --help/ });
  t.match(await startProgram(['render', join(t.testdir(), 'none.json')]), {
    code: 2,
    err: /none\.json cannot be read \(ENOENT\)/,
  });
});

t.test('--help explains the command', async (t) => {
  t.match(await gateway(['render', '--help']), { code: 0, err: '', out: /gateway -- render .*lead\.json/s });
});
