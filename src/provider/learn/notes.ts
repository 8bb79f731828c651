import { elementsOf, LEAD_VALUES, type LeadValue, type WireProfile } from '../../domain/wire.ts';
import { trimXml, type XmlElement } from '../xml.ts';
import { isPlaceholder, valueByName } from './names.ts';
import { valuesOf } from './order.ts';
import type { Sample } from './samples.ts';

type Facts = {
  readonly values: ReadonlyMap<XmlElement, LeadValue>;
  readonly profile: WireProfile;
  /** Whether the sample shows its content type. */
  readonly isTypeShown: boolean;
  /** Whether it shows the format of its listing. */
  readonly isListingShown: boolean;
};

/** What a person should know of a sample: what was guessed, what the profile cannot express, and what to do about it. */
export function describeSample(sample: Sample, facts: Facts): string[] {
  const { values, isTypeShown, isListingShown } = facts;
  const notes = [
    ...guessedNames(values),
    ...attributesWithValues(values),
    ...otherForms(values),
    ...missingValues(facts),
  ];
  if (!isListingShown && valuesOf(elementsOf(facts.profile)).has('ListingDetails')) {
    notes.push(
      'The sample does not show the format of the listing. Ask the provider, or try one (listingFormat) and look at the conversation.',
    );
  }
  if (!isTypeShown) {
    notes.push(
      'The sample does not show the content type; application/xml is taken. A service that answers 415 wants text/xml (contentType).',
    );
  }
  if (sample.encoding !== undefined) {
    notes.push(
      `The sample declares the encoding ${sample.encoding}. The gateway sends UTF-8, which every parser of XML reads.`,
    );
  }
  if (sample.hasCdata) {
    notes.push(
      'The sample has CDATA sections. The gateway writes such texts with escapes, which parsers of XML read alike.',
    );
  }
  return notes;
}

function guessedNames(values: Facts['values']): string[] {
  const guessed = [...values].filter(([{ local }, value]) => local !== value);
  if (guessed.length === 0) return [];
  const list = guessed.map(([{ name }, value]) => `${name} for ${value}`).join(', ');
  const [[first]] = guessed as [[XmlElement, LeadValue]];
  return [
    `By their names these elements are taken for values: ${list}. If one is wrong, say what it is: --map ${first.local}=NAME, or --map ${first.local}=constant.`,
  ];
}

/** Attributes that look as if they held a value of the lead. */
function attributesWithValues(values: Facts['values']): string[] {
  const texts = new Set([...values.keys()].map(({ text }) => trimXml(text)).filter((text) => text.length > 2));
  return [...values.keys()].flatMap(({ name, attributes }) =>
    attributes
      .filter(({ uri, local, value }) => uri === '' && (valueByName(local) !== undefined || texts.has(value)))
      .map(
        (one) =>
          `${name}: its attribute ${one.name}="${one.value}" is written with this text for every lead, because an attribute cannot hold a value of the lead. Ask the provider whether it may be absent.`,
      ),
  );
}

/** Values in another form than the one that the gateway sends. */
function otherForms(values: Facts['values']): string[] {
  return [...values].flatMap(([{ name, text }, value]) => {
    const shown = trimXml(text);
    if (isPlaceholder(shown)) return [];
    if (value === 'ConsumerPhoneNumber' && !/^\d{4,15}$/.test(shown)) {
      return [
        `${name}: the sample has the number as ${shown}. The gateway writes national digits, such as 4045551212. Ask the provider whether it takes them.`,
      ];
    }
    if (value === 'ConsumerPhoneNumberCountryCode' && !/^[1-9]\d{0,2}$/.test(shown)) {
      return [
        `${name}: the sample has ${shown}. The gateway writes the calling code, such as 1. Ask the provider whether it takes that.`,
      ];
    }
    return [];
  });
}

function missingValues({ values, profile }: Facts): string[] {
  const shown = new Set(values.values());
  const written = valuesOf([...elementsOf(profile), ...(profile.soap?.header ?? [])]);
  const added = LEAD_VALUES.filter((value) => written.has(value) && !shown.has(value));
  const without = LEAD_VALUES.filter((value) => !written.has(value));
  return [
    ...(added.length > 0
      ? [
          `The sample has no ${added.join(', ')}. They are written at their place in the order when a lead has them; ask the provider whether the service knows them.`,
        ]
      : []),
    ...(without.length > 0
      ? [
          `No element is known for ${without.join(', ')}, so such values are not sent, and a lead with such a target is parked. If the service takes them, add them to elements at their place, such as { "name": "NAME", "value": "${without[0]}" }.`,
        ]
      : []),
  ];
}
