import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DEPRECATIONS } from '../src/http/versions.ts';
import { adminOpenApiText } from './admin-document.ts';
import { changelogMistakes } from './api-changelog.ts';
import { openApiText } from './openapi-document.ts';

/**
 * `npm run openapi` writes `openapi/openapi.json`, the contract of the public listener, and `openapi/admin.json`, that of the admin API.
 * With `-- --check` it only compares and exits with 1 when a file is out of date, or when `docs/api-changelog.md` does not describe the
 * public one.
 */
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8');
const { version } = JSON.parse(await read('package.json'));
const contract = await openApiText(version);

for (const [file, text] of [
  ['openapi/openapi.json', contract],
  ['openapi/admin.json', await adminOpenApiText(version)],
] as const) {
  if (!values.check) await writeFile(new URL(`../${file}`, import.meta.url), text);
  else if ((await read(file).catch(() => '')) !== text) {
    console.error(`${file} is out of date; run "npm run openapi" and commit the result.`);
    process.exitCode = 1;
  }
}

const mistakes = changelogMistakes(await read('docs/api-changelog.md'), JSON.parse(contract), DEPRECATIONS);
for (const mistake of mistakes) console.error(`docs/api-changelog.md: ${mistake}`);
if (mistakes.length > 0) process.exitCode = 1;
