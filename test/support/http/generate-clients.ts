import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

/*
 * Generates clients of openapi/openapi.json with three generators into the folder that the command line names. A program of its own,
 * because they write to standard output.
 *
 * Two of them print code with the JavaScript API of TypeScript, which TypeScript 7 does not have: for them `typescript` is version 5.
 */
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'typescript' ? 'typescript-5' : specifier, context),
});

const { default: openapiTS, astToString } = await import('openapi-typescript');
const { createClient } = await import('@hey-api/openapi-ts');
const { generate } = await import('orval');

const [folder = ''] = process.argv.slice(2);
const input = join(import.meta.dirname, '../../../openapi/openapi.json');
const document = JSON.parse(readFileSync(input, 'utf8'));

writeFileSync(join(folder, 'schema.ts'), astToString(await openapiTS(document)));
await createClient({ input: document, output: { path: join(folder, 'hey-api') }, logs: { level: 'silent' } });
await generate({
  input: { target: input },
  output: { target: join(folder, 'orval.ts'), client: 'fetch', mode: 'single' },
});
