import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/*
 * Writes docs/licences.md: the licences of all packages that a production installation has (`npm ci --omit=dev`), by licence. With
 * `--check` it writes nothing and fails when the file differs. Versions are left out, because they change every week.
 */

const LOCK = new URL('../package-lock.json', import.meta.url);
const DOCUMENT = new URL('../docs/licences.md', import.meta.url);

type Locked = { readonly dev?: boolean; readonly license?: string };

/** Licences that allow the use in a service and in an image without further duties than to pass the notice on. */
export const PERMITTED: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
]);

/** The packages of a production installation, by the licence that they declare. */
export function productionLicences(): ReadonlyMap<string, readonly string[]> {
  const { packages } = JSON.parse(readFileSync(LOCK, 'utf8')) as { packages: Readonly<Record<string, Locked>> };
  const byLicence = new Map<string, Set<string>>();
  for (const [path, { dev = false, license = 'none declared' }] of Object.entries(packages)) {
    if (path === '' || dev) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    byLicence.set(license, (byLicence.get(license) ?? new Set()).add(name));
  }
  return new Map([...byLicence].sort().map(([license, names]) => [license, [...names].sort()]));
}

/** The text of docs/licences.md. */
export function licencesDocument(): string {
  const rows = [...productionLicences()].map(
    ([license, names]) => `| ${license} | ${names.length} | ${names.map((name) => `\`${name}\``).join(', ')} |`,
  );
  return `# Licences of dependencies

The packages of a production installation (\`npm ci --omit=dev\`) by the licence that each declares in \`package-lock.json\`. \`npm run licences\` writes this
file, and a test fails when it differs or when a licence is not among those that \`scripts/licences.ts\` permits. Each package contains its licence text; the
release image contains the packages and an SBOM.

| licence | packages | names |
|---|---|---|
${rows.join('\n')}
`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  if (!values.check) writeFileSync(DOCUMENT, licencesDocument());
  else if (readFileSync(DOCUMENT, 'utf8') !== licencesDocument()) {
    console.error('docs/licences.md is out of date; run "npm run licences" and commit the result.');
    process.exitCode = 1;
  }
}
