import { hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { renderFileSchema } from '../../config/schema/file.ts';
import { type Context, EXIT, groupOf } from '../command.ts';
import type { JsonOption } from '../options.ts';
import { json } from '../output.ts';

type KeyOptions = JsonOption & { readonly data?: boolean; readonly hash?: boolean };
type SchemaOptions = { readonly check?: boolean };

const KEY_BYTES = 32;
const SCHEMA_FILE = new URL('../../../openapi/config.schema.json', import.meta.url);

/** Commands that prepare the settings and open no database: `keys new` and `config-schema`. */
export function addConfigurationCommands(program: Command, context: Context): void {
  groupOf(program, 'keys')
    .command('new')
    .description("Makes a partner's key, shown this once, with the hash for the configuration file.")
    .addOption(new Option('--data', 'make a DATA_KEY instead').conflicts('hash'))
    .option('--hash', 'make a HASH_KEY instead')
    .option('--json', 'print JSON of a stable shape')
    .action((options: KeyOptions) => makeKey(context, options));

  program
    .command('config-schema')
    .description('Writes the JSON schema of CONFIG_FILE to openapi/config.schema.json, for editors.')
    .option('--check', 'write nothing, and fail when the file differs from the source')
    .action((options: SchemaOptions) => publishSchema(context, options));
}

function makeKey({ io }: Context, options: KeyOptions): void {
  const bytes = io.randomBytes(KEY_BYTES);
  if (options.data || options.hash) {
    const setting = options.data ? 'DATA_KEY' : 'HASH_KEY';
    const key = bytes.toString('base64');
    io.out(options.json ? json({ setting, key }) : `${setting}=${key}\n`);
    return;
  }
  // The prefix lets scanners for leaked secrets find the key.
  const key = `tcg_${bytes.toString('base64url')}`;
  const keyHash = `sha256:${hash('sha256', key, 'hex')}`;
  if (options.json) {
    io.out(json({ key, hash: keyHash }));
    return;
  }
  io.out(`key   ${key}\nhash  ${keyHash}\n`);
  io.err('Give the key to the partner over a safe channel; it cannot be shown again. The hash goes into its "keys".\n');
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
