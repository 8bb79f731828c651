import { readFileSync, writeFileSync } from 'node:fs';
import { renderFileSchema } from '../config/schema/file.ts';

/**
 * `npm run config-schema` writes the schema of `CONFIG_FILE` for editors; with `--check` it writes nothing and fails when
 * the committed one is another.
 */
const file = new URL('../../openapi/config.schema.json', import.meta.url);
const schema = renderFileSchema();

if (!process.argv.includes('--check')) {
  writeFileSync(file, schema);
} else if (readFileSync(file, 'utf8') !== schema) {
  console.error('openapi/config.schema.json is not what the source describes; run npm run config-schema.');
  process.exitCode = 1;
}
