import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { renderFileSchema } from '../../config/schema/file.ts';
import { type Context, EXIT } from '../command.ts';

type SchemaOptions = { readonly check?: boolean };

const SCHEMA_FILE = new URL('../../../openapi/config.schema.json', import.meta.url);

/** `config-schema`, which opens no database. */
export function addConfigurationCommands(program: Command, context: Context): void {
  program
    .command('config-schema')
    .description('Writes the JSON schema of CONFIG_FILE to openapi/config.schema.json, for editors.')
    .option('--check', 'write nothing, and fail when the file differs from the source')
    .action((options: SchemaOptions) => publishSchema(context, options));
}

function publishSchema(context: Context, options: SchemaOptions): void {
  const schema = renderFileSchema();
  if (!options.check) {
    writeFileSync(SCHEMA_FILE, schema);
  } else if (readFileSync(SCHEMA_FILE, 'utf8') !== schema) {
    context.io.err('openapi/config.schema.json is not what the source describes; run npm run config-schema.\n');
    context.exitCode = EXIT.failed;
  }
}
