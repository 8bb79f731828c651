import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { DEPRECATIONS } from '../src/http/versions.ts';
import { changelogMistakes } from './api-changelog.ts';
import { openApiText } from './openapi-document.ts';

/**
 * `npm run openapi` writes `openapi/openapi.json`. With `-- --check` it only compares and exits with 1 when the file is out of date,
 * or when `docs/api-changelog.md` does not describe it.
 */
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8');
const { version } = JSON.parse(await read('package.json'));

const FILE = 'openapi/openapi.json';
const text = await openApiText(version);
if (!values.check) await writeFile(new URL(`../${FILE}`, import.meta.url), text);
else if ((await read(FILE).catch(() => '')) !== text) {
  console.error(`${FILE} is out of date; run "npm run openapi" and commit the result.`);
  process.exitCode = 1;
}

const mistakes = changelogMistakes(await read('docs/api-changelog.md'), JSON.parse(text), DEPRECATIONS);
for (const mistake of mistakes) console.error(`docs/api-changelog.md: ${mistake}`);
if (mistakes.length > 0) process.exitCode = 1;
