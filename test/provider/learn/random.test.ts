import { deepStrictEqual, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import t from 'tap';
import { learnFrom } from '../../../src/cli/wire/learn.ts';
import { wireContentOf } from '../../../src/cli/wire/settings.ts';
import { compile } from '../../../src/config/schema/validate.ts';
import { WireEntry } from '../../../src/config/schema/wire.ts';
import { buildWire } from '../../../src/config/wire.ts';
import type { Lead } from '../../../src/domain/lead.ts';
import {
  contentTypeOf,
  elementsOf,
  LEAD_VALUES,
  type LeadValue,
  type ListingFormat,
  splitName,
  type WireElement,
  type WireProfile,
} from '../../../src/domain/wire.ts';
import { findWireMistakes } from '../../../src/domain/wire-rules.ts';
import { encodeLead } from '../../../src/provider/encode.ts';
import { listingDetails } from '../../../src/provider/listing.ts';
import { lead } from '../../support/lead.ts';
import { account } from '../../support/provider/raw-server.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** Every value but the other target, so that a document shows how an absent value is written. */
const SAMPLE: Lead = lead({
  placementId: 7,
  firstName: 'Ann & <Söhne>',
  lastName: "O'Neil",
  question: 'Is "it" still there? 🚗',
  listing: { Year: '2019', Make: 'Honda & Co', Model: 'Civic' },
});

const VALUES: Readonly<Record<LeadValue, string | undefined>> = {
  ProviderId: '4711',
  UserName: 'gateway',
  Password: 'p&ss<word>',
  MerchantId: undefined,
  AdvertiserId: '1659',
  PlacementId: '7',
  ListingDetails: '',
  ConsumerPhoneNumber: '4045551212',
  ConsumerPhoneNumberCountryCode: '1',
  ConsumerFirstName: 'Ann & <Söhne>',
  ConsumerLastName: "O'Neil",
  ConsumerQuestion: 'Is "it" still there? 🚗',
};

/** Names by which a value is known in other services. */
const OTHER_NAMES: Partial<Record<LeadValue, string>> = {
  ProviderId: 'PartnerId',
  AdvertiserId: 'Dealer_Code',
  ConsumerPhoneNumber: 'mobilePhone',
  ConsumerFirstName: 'FirstName',
  ConsumerQuestion: 'Comments',
  ListingDetails: 'VehicleInfo',
};

const listingFormat = fc.constantFrom<ListingFormat>(
  'text',
  'json',
  'urlencoded',
  { assign: '=', separator: '|' },
  { assign: ': ', separator: '\n' },
  { assign: ' = ', separator: ', ' },
  { xml: 'elements' },
  { xml: 'elements', root: 'Vehicle' },
  { xml: 'escaped', root: 'Vehicle' },
  { xml: 'elements', item: 'Field', key: '@name' },
  { xml: 'elements', item: 'Field', key: 'Key', value: 'Value' },
  { xml: 'elements', root: 'Fields', item: 'Field', key: '@name', value: '@value' },
  { xml: 'escaped', item: 'Field', key: '@key', value: 'Text' },
);

type Shape = {
  readonly order: 'documented' | 'alphabetical' | 'listed';
  readonly shuffled: readonly LeadValue[];
  readonly renamed: readonly LeadValue[];
  readonly constants: number;
  readonly grouped: boolean;
};

const shape: fc.Arbitrary<Shape> = fc.record({
  order: fc.constantFrom('documented', 'alphabetical', 'listed'),
  shuffled: fc.shuffledSubarray([...LEAD_VALUES.filter((value) => value !== 'MerchantId')], { minLength: 11 }),
  renamed: fc.subarray(Object.keys(OTHER_NAMES) as LeadValue[]),
  constants: fc.integer({ min: 1, max: 3 }),
  grouped: fc.boolean(),
});

/** Elements in any order, with constants, other names, types and a group. An omitted target can be learnt beside the other one only. */
function listed({ shuffled, renamed, constants, grouped }: Shape, prefix: string, typed: boolean): WireElement[] {
  const named = (local: string): string => (prefix === '' ? local : `${prefix}:${local}`);
  const element = (value: LeadValue): WireElement => ({
    name: named(renamed.includes(value) ? (OTHER_NAMES[value] ?? value) : value),
    value,
    ...(typed && value === 'PlacementId' && { attributes: { 'i:type': 'int' } }),
  });
  const all = shuffled.flatMap((value) =>
    value === 'AdvertiserId' && !renamed.includes('AdvertiserId')
      ? [element('MerchantId'), element(value)]
      : [element(value)],
  );
  const texts = Array.from({ length: constants }, (_, at) => ({ name: named(`Fixed${at}`), text: `v-${at} <&>` }));
  const size = all[3]?.value === 'MerchantId' ? 5 : 4;
  const group = grouped ? [{ name: named('Group'), elements: [...all.slice(0, size), ...texts.slice(1)] }] : [];
  return grouped
    ? [...group, ...all.slice(size), ...texts.slice(0, 1)]
    : [...texts.slice(0, 1), ...all, ...texts.slice(1)];
}

const profile: fc.Arbitrary<WireProfile> = fc
  .record({
    shape,
    root: fc.constantFrom('Request', 'StartText', 'r_1.x-y'),
    prefix: fc.constantFrom('', 'a', 'ns1'),
    namespace: fc.constantFrom(undefined, 'urn:example', 'http://schemas.datacontract.org/2004/07/Text'),
    absent: fc.constantFrom('omit' as const, 'nil' as const, 'empty' as const),
    typed: fc.boolean(),
    version: fc.boolean(),
    wrappers: fc.constantFrom(0, 1, 2),
    soap: fc.constantFrom(undefined, '1.1' as const, '1.2' as const),
    soapPrefix: fc.constantFrom(undefined, 'soap', 'soapenv'),
    header: fc.boolean(),
    plainType: fc.constantFrom('application/xml; charset=utf-8', 'text/xml; charset=utf-8'),
    listingFormat,
  })
  .map(({ shape, prefix, absent, typed, soap, listingFormat, ...others }): WireProfile => {
    const namespace = prefix === '' ? others.namespace : (others.namespace ?? 'urn:of-prefix');
    const usesInstance = absent === 'nil' || (typed && shape.order === 'listed');
    const attributes = {
      ...(usesInstance && { 'xmlns:i': XSI }),
      ...(others.version && { version: '2.0 "b" & <c>' }),
    };
    const wrappers = [
      { name: 'o:Operation', attributes: { 'xmlns:o': 'urn:operation' } },
      { name: 'Inner', attributes: { xmlns: 'urn:inner' } },
    ].slice(0, others.wrappers);
    const header = [{ name: 'h:Source', attributes: { 'xmlns:h': 'urn:header' }, text: 'gateway' }];
    return {
      root: prefix === '' ? others.root : `${prefix}:${others.root}`,
      ...(namespace !== undefined && { namespace }),
      order: shape.order === 'listed' ? 'documented' : shape.order,
      ...(shape.order === 'listed' && { elements: listed(shape, prefix, typed) }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...(absent !== 'omit' && { absent }),
      ...(wrappers.length > 0 && { wrappers }),
      ...(soap && {
        soap: {
          version: soap,
          action: 'urn:service/Start',
          ...(others.soapPrefix && { prefix: others.soapPrefix }),
          ...(others.header && { header }),
        },
      }),
      contentType:
        soap === undefined
          ? others.plainType
          : soap === '1.1'
            ? 'text/xml; charset=utf-8'
            : 'application/soap+xml; charset=utf-8',
      listingFormat,
    };
  })
  // Without a value that is absent, nothing shows how absent ones are written.
  .filter((one) => one.absent === undefined || elementsIn(elementsOf(one)).some(({ value }) => value === 'MerchantId'));

function elementsIn(elements: readonly WireElement[]): WireElement[] {
  return elements.flatMap((element) => (element.elements ? elementsIn(element.elements) : [element]));
}

/** The leaves of a document below the children of its root, as an independent parser reads them. */
function leavesOf(document: string): { readonly local: string; readonly text: string }[] {
  const parser = new SaxesParser({ xmlns: true });
  const open: { local: string; text: string; isLeaf: boolean }[] = [];
  const leaves: { local: string; text: string }[] = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ local }) => {
    const parent = open.at(-1);
    if (parent) parent.isLeaf = false;
    open.push({ local, text: '', isLeaf: true });
  });
  parser.on('text', (text) => {
    const last = open.at(-1);
    if (last) last.text += text;
  });
  parser.on('closetag', () => {
    const { isLeaf, ...leaf } = open.pop() ?? { local: '', text: '', isLeaf: false };
    if (isLeaf) leaves.push(leaf);
  });
  parser.write(document).close();
  return leaves;
}

/** What the profile says that a parser must read of the sample lead; a listing of elements is left to the golden documents. */
function expectedLeaves({ absent = 'omit', listingFormat, soap, ...rest }: WireProfile) {
  const isMarkup = typeof listingFormat === 'object' && 'xml' in listingFormat && listingFormat.xml === 'elements';
  const header = elementsIn(soap?.header ?? []);
  return [...header, ...elementsIn(elementsOf({ listingFormat, ...rest }))].flatMap(({ name, value, text }) => {
    const { local } = splitName(name);
    if (value === undefined) return [{ local, text }];
    if (value === 'ListingDetails') {
      return isMarkup ? [] : [{ local, text: listingDetails(SAMPLE.listing ?? {}, listingFormat) }];
    }
    const held = VALUES[value];
    return held === undefined && absent === 'omit' ? [] : [{ local, text: held ?? '' }];
  });
}

const validate = compile(WireEntry);

t.test(
  'learning from a document gives the profile that it was encoded with, and a parser reads the values',
  async (t) => {
    const property = fc.property(profile, (wire) => {
      deepStrictEqual(findWireMistakes(wire), []);
      const provider = account({}, wire);
      const document = encodeLead(SAMPLE, { ...provider, wire });
      const head = `POST /x HTTP/1.1\r\nContent-Type: ${contentTypeOf(wire)}\r\nSOAPAction: "${wire.soap?.action ?? ''}"\r\n\r\n`;
      const report = learnFrom(Buffer.from(head + document), {});
      deepStrictEqual(report.profile, wire);
      ok(report.comparison.every(({ mark }) => mark === ' '));

      const content = wireContentOf(report.profile);
      deepStrictEqual(validate(content), []);
      deepStrictEqual(buildWire(content as never), wire);

      const expected = expectedLeaves(wire);
      const isKnown = (local: string) => expected.some((leaf) => leaf.local === local);
      deepStrictEqual(
        leavesOf(document).filter(({ local }) => isKnown(local)),
        expected,
      );
    });
    t.doesNotThrow(() => fc.assert(property, { numRuns: 400, seed: 20261128 }));
  },
);
