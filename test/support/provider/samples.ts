import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { learnFrom } from '../../../src/cli/wire/learn.ts';
import { wireContentOf } from '../../../src/cli/wire/settings.ts';
import type { WireContent } from '../../../src/config/schema/wire.ts';
import { buildWire } from '../../../src/config/wire.ts';
import type { Lead } from '../../../src/domain/lead.ts';
import type { WireProfile } from '../../../src/domain/wire.ts';
import { lead } from '../lead.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/wire');

/** Names of the sample documents: files that show a request of WCF and similar services, each in another way. */
export const SAMPLES = readdirSync(FOLDER).filter((name) => !name.startsWith('expected'));

export const sampleBytes = (name: string): Buffer => readFileSync(join(FOLDER, name));

/** What `wire learn` has to find in each sample, and the document that a fixed lead then becomes. */
export type Expected = {
  readonly variables?: Readonly<Record<string, string>>;
  readonly wire: WireContent;
  readonly notes: readonly string[];
  /** The lines in which our document differs from the sample. */
  readonly differences: readonly string[];
  readonly document: string;
};

export const EXPECTED = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Readonly<
  Record<string, Expected>
>;

/** A lead with every value but the other target, and with characters that encoders get wrong. */
export const LEAD: Lead = lead({
  placementId: 7,
  firstName: 'Ann & Söhne',
  question: 'Is "it" <still>\r\nthere? 🚗',
  listing: { Year: '2019', 'Trim level': 'EX & "L"', Price: 19999.5, Used: true },
});

/** The profile that the configuration file would give for what was learnt from a sample. */
export function profileOf(name: string): WireProfile {
  return buildWire(wireContentOf(learnFrom(sampleBytes(name), {}).profile) as WireContent);
}
