import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import t from 'tap';
import type { Provider } from '../../src/config/settings.ts';
import { defined } from '../../src/conversation/defined.ts';
import type { Lead } from '../../src/conversation/types.ts';
import { encodeLead } from '../../src/upstream/encode.ts';
import { lead } from '../support/lead.ts';
import { account } from './account.ts';

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
  readonly provider: Provider;
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

t.test('an independent parser reads back what went in, in the order that was asked for', async (t) => {
  const property = fc.property(sent, ({ lead, provider, values }) => {
    const { namespaces, elements } = read(Buffer.from(encodeLead(lead, provider)));
    const expected = Object.entries(values).filter(([, value]) => value !== undefined);
    if (provider.wire.order === 'alphabetical') expected.sort(([one], [other]) => (one < other ? -1 : 1));
    deepStrictEqual(elements, expected);
    deepStrictEqual([...namespaces], [provider.wire.namespace ?? '']);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 10_000, seed: 20261124 }));
});
