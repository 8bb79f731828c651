import t from 'tap';
import { DEFAULT_WIRE, type WireProfile } from '../../src/domain/wire.ts';
import { ACCOUNT, fileWith, loadFile, mistakes, soundFile } from '../support/config/load.ts';

/** Elements for everything that the provider requires. */
const NEEDED = ['ProviderId', 'UserName', 'Password', 'AdvertiserId', 'ConsumerPhoneNumber'];
const COUNTRY = { name: 'Country', value: 'ConsumerPhoneNumberCountryCode' };

const wireOf = (wire: unknown): WireProfile | undefined =>
  loadFile(fileWith('/providers/main/wire', wire)).providers.get('main')?.wire;

t.test('an account without wire has the profile of the environment', async (t) => {
  const settings = loadFile(soundFile(), { UPSTREAM_XML_ROOT: 'Start' });
  t.strictSame(settings.providers.get('main')?.wire, { ...DEFAULT_WIRE, root: 'Start' });
});

t.test('what wire leaves out has its default, whatever the environment says', async (t) => {
  const file = fileWith('/providers/main/wire', { root: 'a:Start', namespace: 'urn:a', absent: 'nil' });
  const wire = loadFile(file, { UPSTREAM_XML_ORDER: 'alphabetical' }).providers.get('main')?.wire;
  t.strictSame(wire, { ...DEFAULT_WIRE, root: 'a:Start', namespace: 'urn:a', absent: 'nil' });
});

t.test('an element that is only a name holds the value of that name, with any prefix', async (t) => {
  const attributes = { 'xmlns:a': 'urn:a' };
  const elements = [...NEEDED.map((name) => `a:${name}`), COUNTRY, { name: 'Channel', text: 'WEB' }];
  t.strictSame(wireOf({ attributes, elements })?.elements, [
    ...NEEDED.map((value) => ({ name: `a:${value}`, value })),
    COUNTRY,
    { name: 'Channel', text: 'WEB' },
  ]);
  const grouped = { name: 'Consumer', elements: [{ name: 'Phone', value: 'ConsumerPhoneNumber' }, COUNTRY] };
  t.match(wireOf({ elements: [...NEEDED.slice(0, 4), grouped] })?.elements?.at(-1), grouped);
});

t.test('an envelope brings the content type of its version', async (t) => {
  t.match(wireOf({ soap: { version: '1.1', action: 'urn:s/Start' } }), { contentType: 'text/xml; charset=utf-8' });
  t.match(wireOf({ soap: { version: '1.2' } }), { contentType: 'application/soap+xml; charset=utf-8' });
});

t.test('wire at the top of the file is for all accounts that have none of their own', async (t) => {
  const file = {
    ...soundFile(),
    wire: { root: 'Top' },
    providers: {
      main: { providerId: 1, username: 'u', password: 'p' },
      own: { providerId: 2, username: 'u', password: 'p', wire: { root: 'Own' } },
      changed: { providerId: 3, username: 'u', password: 'p', xml: { order: 'alphabetical' } },
    },
  };
  const { providers } = loadFile(file, ACCOUNT);
  t.strictSame(
    [...providers.values()].map(({ id, wire }) => [id, wire.root, wire.order]),
    [
      ['default', 'Top', 'documented'],
      ['main', 'Top', 'documented'],
      ['own', 'Own', 'documented'],
      ['changed', DEFAULT_WIRE.root, 'alphabetical'],
    ],
  );
});

t.test('the account of PROVIDER_* can have a wire in the file', async (t) => {
  const { providers } = loadFile(
    { ...soundFile(), providers: { ...soundFile().providers, default: { wire: { root: 'D' } } } },
    ACCOUNT,
  );
  t.match(providers.get('default'), { providerId: 1001, wire: { root: 'D' } });
});

t.test('each mistake is named at its place', async (t) => {
  const cases: [wire: unknown, pointer: string, problem: RegExp][] = [
    [{ root: 'a:b:c' }, '/root', /wrong form/],
    [{ root: 'a:Start' }, '/root', /prefix a, which nothing declares/],
    [{ namespac: 'urn:a' }, '/namespac', /not a known name/],
    [{ soap: { version: '1.3' } }, '/soap/version', /not one of the choices/],
    [{ soap: {} }, '/soap/version', /missing/],
    [{ soap: { version: '1.1', action: 'with "quotes"' } }, '/soap/action', /wrong form/],
    [{ soap: { version: '1.1' }, contentType: 'application/xml' }, '/contentType', /not that of SOAP 1\.1/],
    [{ absent: 'null' }, '/absent', /not one of the choices/],
    [{ order: 'documented', elements: [...NEEDED, COUNTRY] }, '/order', /no effect beside elements/],
    [{ elements: NEEDED }, '/elements', /no element with the value ConsumerPhoneNumberCountryCode/],
    [
      { elements: [...NEEDED.filter((name) => name !== 'AdvertiserId'), COUNTRY] },
      '/elements',
      /no element for the merchant/,
    ],
    [{ elements: [...NEEDED, COUNTRY, 'Phone'] }, '/elements/6', /holds nothing/],
    [{ elements: [...NEEDED, COUNTRY, 'ProviderId'] }, '/elements/6', /ProviderId, which another element holds/],
    [
      { elements: [...NEEDED, COUNTRY, { name: 'A', text: 'x', value: 'PlacementId' }] },
      '/elements/6',
      /more than one/,
    ],
    [{ elements: [...NEEDED, COUNTRY, { name: 'A', text: 'x', absent: 'nil' }] }, '/elements/6/absent', /no effect/],
    [{ elements: [...NEEDED, COUNTRY, { name: 'b:A', text: 'x' }] }, '/elements/6/name', /prefix b/],
    [{ elements: [...NEEDED, COUNTRY, { name: 'A', text: 'a\u0000' }] }, '/elements/6/text', /XML cannot carry/],
    [{ elements: [...NEEDED, COUNTRY, { name: 'A', value: 'Phone' }] }, '/elements/6/value', /not one of the choices/],
    [{ elements: [...NEEDED, COUNTRY, 7] }, '/elements/6', /./],
    [{ attributes: { 'i:type': 'x' } }, '/attributes/i:type', /prefix i/],
    [{ attributes: { 'xmlns:i': '' } }, '/attributes/xmlns:i', /prefix for no namespace/],
    [{ namespace: 'urn:a', attributes: { xmlns: 'urn:b' } }, '/attributes/xmlns', /declared by namespace already/],
    [{ wrappers: [{ name: 'o:Op' }] }, '/wrappers/0/name', /prefix o/],
    [{ listingFormat: { xml: 'elements', item: 'b:Item' } }, '/listingFormat/item', /prefix b/],
    [{ listingFormat: { assign: '=' } }, '/listingFormat', /wrong form/],
  ];
  for (const [wire, pointer, problem] of cases) {
    for (const [at, file] of [
      ['/providers/main/wire', fileWith('/providers/main/wire', wire)],
      ['/wire', fileWith('/wire', wire)],
    ] as const) {
      const found = mistakes(t, () => loadFile(file));
      t.match(found, [{ setting: `CONFIG_FILE: ${at}${pointer}`, problem }], JSON.stringify(wire));
      t.equal(found.length, 1, JSON.stringify(found));
    }
  }
});

t.test('documents that are described twice are a mistake', async (t) => {
  const both = {
    providerId: 1,
    username: 'u',
    password: 'p',
    wire: { root: 'A' },
    xml: { root: 'B' },
    listingFormat: 'json',
  };
  t.match(
    mistakes(t, () => loadFile(fileWith('/providers/main', both))),
    [{ setting: /main\/xml$/ }, { setting: /main\/listingFormat$/ }],
  );
  const top = () => loadFile({ ...soundFile(), wire: { root: 'A' } }, { UPSTREAM_XML_ORDER: 'alphabetical' });
  t.match(mistakes(t, top), [{ setting: 'CONFIG_FILE: /wire', problem: /described by UPSTREAM_XML_ORDER already/ }]);
});
