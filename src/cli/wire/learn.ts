import type { Lead } from '../../domain/lead.ts';
import type { ProviderAccount } from '../../domain/provider.ts';
import { contentTypeOf, elementsOf, splitName, type WireElement, type WireProfile } from '../../domain/wire.ts';
import { findWireMistakes } from '../../domain/wire-rules.ts';
import { encodeLead } from '../../provider/encode.ts';
import { countValues, type Learned, learnProfile } from '../../provider/learn/learn.ts';
import type { Mapping } from '../../provider/learn/names.ts';
import { findSamples, type Sample } from '../../provider/learn/samples.ts';
import { parseXml } from '../../provider/xml.ts';
import { compareDocuments, formatRows, type Row } from './compare.ts';
import { variablesOf, wireContentOf } from './settings.ts';

/** Why nothing can be learnt from a file. The message is a sentence. */
export class NoSample extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoSample';
  }
}

export type LearnReport = {
  /** Which of the file's documents it is, from 1. */
  readonly number: number;
  readonly samples: readonly { readonly line: number; readonly root: string; readonly values: number }[];
  readonly profile: WireProfile;
  readonly variables: Readonly<Record<string, string>> | null;
  readonly wire: Readonly<Record<string, unknown>>;
  /** The reasons why the profile cannot be used. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** Our document for the values of the sample, with the password masked. */
  readonly document: string | null;
  readonly comparison: readonly Row[];
};

/**
 * Learns from the bytes of a file. Without a number, the document counts that holds most values of a request.
 *
 * @throws NoSample
 */
export function learnFrom(bytes: Uint8Array, mapping: Mapping, number?: number): LearnReport {
  const samples = findSamples(bytes);
  if (samples === undefined) throw new NoSample('The file is no text in UTF-8 or UTF-16, or larger than 1 MiB.');
  const counts = samples.map((sample) => countValues(sample, mapping));
  const chosen = number ?? counts.indexOf(Math.max(...counts)) + 1;
  const sample = samples[chosen - 1];
  const listed = samples.map(({ root, line }, at) => ({ line, root: root.name, values: counts[at] ?? 0 }));
  if (sample === undefined) throw new NoSample(describeMissing(listed, number));
  const learned = learnProfile(sample, mapping);
  if (learned === undefined) {
    const names = 'ConsumerPhoneNumber, UserName and the like';
    throw new NoSample(
      `${describeFound(listed)} None of them is a request: fewer than 3 elements have names such as ${names}. Say which elements hold values: --map Handset=ConsumerPhoneNumber`,
    );
  }
  const { profile, notes } = learned;
  const problems = findWireMistakes(profile).map(({ pointer, problem, fix }) => `wire${pointer} ${problem}; ${fix}`);
  const tooDeep =
    depthOf(elementsOf(profile)) > 3
      ? ['wire/elements has more than 3 levels of groups, which the file cannot hold']
      : [];
  const document = ourDocument(learned);
  return {
    number: chosen,
    samples: listed,
    profile,
    variables: variablesOf(profile) ?? null,
    wire: wireContentOf(profile),
    problems: [...problems, ...tooDeep],
    notes,
    document: document ?? null,
    comparison: document === undefined ? [] : compared(sample, document, learned),
  };
}

function describeMissing(listed: LearnReport['samples'], number: number | undefined): string {
  if (listed.length === 0) return 'The file holds no document of XML with elements inside.';
  return `${describeFound(listed)} There is no number ${number}.`;
}

function describeFound(listed: LearnReport['samples']): string {
  const found = listed.map(({ root, line }, at) => `${at + 1}. ${root} on line ${line}`);
  return `The file holds ${found.join(', ')}.`;
}

function depthOf(elements: readonly WireElement[]): number {
  return Math.max(0, ...elements.map(({ elements: children }) => 1 + depthOf(children ?? [])));
}

/** Our document for the values of the sample, with the password masked; `undefined` where the profile cannot express it. */
function ourDocument({ profile, sampled }: Learned): string | undefined {
  const { lead, ...account } = sampled;
  try {
    return encodeLead(
      { site: 'sample', provider: 'sample', targetFrom: 'caller', ...lead } satisfies Lead,
      {
        id: 'sample',
        region: 'na',
        url: '',
        ...account,
        password: '********',
        wire: profile,
      } satisfies ProviderAccount,
    );
  } catch {
    return undefined;
  }
}

function compared(sample: Sample, document: string, { secrets }: Learned): Row[] {
  const parsed = parseXml(document);
  return 'fault' in parsed ? [] : compareDocuments(sample.root, parsed, secrets);
}

/** The report as text for a person. */
export function formatReport(report: LearnReport): string {
  const { problems, notes, comparison } = report;
  const differences = comparison.filter(({ mark }) => mark !== ' ').length;
  const blocks = [
    heading(report),
    `FOUND\n${indent(describeProfile(report.profile))}`,
    settings(report),
    ...(problems.length > 0 ? [`TO SOLVE before the profile can be used\n${numbered(problems)}`] : []),
    ...(notes.length > 0 ? [`TO CHECK\n${numbered(notes)}`] : []),
    ...(comparison.length > 0
      ? [
          `COMPARED  our document for the values of the sample: ${differences === 0 ? 'no difference' : `lines with < are in the sample only, with > in ours only, with ~ in both with another value`}\n\n${formatRows(comparison)}`,
        ]
      : []),
  ];
  return `${blocks.map((block) => block.trimEnd()).join('\n\n')}\n`;
}

function heading({ number, samples }: LearnReport): string {
  const { root = '', line = 1 } = samples[number - 1] ?? {};
  const others = samples.length === 1 ? '' : `, document ${number} of ${samples.length} (--sample takes another one)`;
  return `SAMPLE  ${root}, line ${line}${others}`;
}

function describeProfile(profile: WireProfile): string[] {
  const { root, namespace, soap, wrappers = [], elements, order, listingFormat, absent = 'omit' } = profile;
  const { prefix } = splitName(root);
  return [
    `root          ${root}${prefix === '' ? '' : ` (prefix ${prefix})`}`,
    `namespace     ${namespace ?? (wrappers.length > 0 ? 'that of the elements around it' : 'none')}`,
    `elements      ${elements ? `${namesIn(elements).join(', ')}` : `the twelve values in ${order} order`}`,
    ...(wrappers.length > 0 ? [`around it     ${wrappers.map(({ name }) => name).join(' > ')}`] : []),
    ...(soap ? [`envelope      SOAP ${soap.version}, action ${soap.action ?? 'unknown'}`] : []),
    `content type  ${contentTypeOf(profile)}`,
    `listing       ${typeof listingFormat === 'string' ? listingFormat : JSON.stringify(listingFormat)}`,
    ...(absent === 'omit' ? [] : [`absent        ${absent === 'nil' ? 'written as nil' : 'written empty'}`]),
  ];
}

function namesIn(elements: readonly WireElement[]): string[] {
  return elements.map(({ name, elements: children }) =>
    children ? `${name} (${namesIn(children).join(', ')})` : name,
  );
}

function settings({ variables, wire }: LearnReport): string {
  if (variables) {
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    return `SETTINGS  for the environment or .env\n${lines.join('\n')}`;
  }
  const text = `  "wire": ${formatJson(wire, '  ')}`;
  return `SETTINGS  for an account (providers.<name>), or for all at the top of CONFIG_FILE: variables cannot say this\n${text}`;
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}

function numbered(texts: readonly string[]): string {
  return texts.map((text, at) => `  ${at + 1}. ${text}`).join('\n');
}

/** The widest line of JSON that is not broken into several. */
const JSON_WIDTH = 100;

/** JSON with each list and object on one line where it fits. */
function formatJson(value: unknown, indentation: string): string {
  const line = JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
  if (typeof value !== 'object' || value === null || (indentation + line).length <= JSON_WIDTH) return line;
  const inner = `${indentation}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const parts = Array.isArray(value)
    ? value.map((item) => formatJson(item, inner))
    : Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${formatJson(part, inner)}`);
  return `${open}\n${parts.map((text) => `${inner}${text}`).join(',\n')}\n${indentation}${close}`;
}
