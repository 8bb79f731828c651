import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { openApiText } from './openapi-document.ts';

/** `npm run openapi` writes `openapi/openapi.json`. With `-- --check` it only compares and exits with 1 when the file is out of date. */
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const file = new URL('../openapi/openapi.json', import.meta.url);
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const text = await openApiText(version);

if (!values.check) {
  await writeFile(file, text);
} else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
  console.error('openapi/openapi.json is out of date; run "npm run openapi" and commit the result.');
  process.exitCode = 1;
}
