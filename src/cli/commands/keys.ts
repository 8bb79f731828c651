import { hash } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { RewrapResult } from '../../admin/operations/rewrap.ts';
import { TEST_KEY } from '../../domain/site.ts';
import { type Context, EXIT, groupOf, type JsonOption, UsageError } from '../command.ts';
import { createProgress, json, pairs, plural } from '../output.ts';

type KeyOptions = JsonOption & {
  readonly data?: boolean;
  readonly hash?: boolean;
  readonly operator?: boolean;
  readonly test?: boolean;
};

const KEY_BYTES = 32;

/** `keys new` and `keys rewrap`. */
export function addKeyCommands(program: Command, context: Context): void {
  const keys = groupOf(program, 'keys');
  keys
    .command('new')
    .description("Makes a partner's key, shown this once, with the hash for the configuration file.")
    .addOption(new Option('--operator', "make an operator's token instead").conflicts(['data', 'hash']))
    .addOption(new Option('--data', 'make a DATA_KEY instead').conflicts('hash'))
    .option('--hash', 'make a HASH_KEY instead')
    .addOption(
      new Option('--test', "make a partner's test key: its leads go to the simulator").conflicts([
        'data',
        'hash',
        'operator',
      ]),
    )
    .option('--json', 'print JSON of a stable shape')
    .action((options: KeyOptions) => makeKey(context, options));

  keys
    .command('rewrap')
    .description('Wraps the keys of all stored leads anew with DATA_KEY, so that DATA_KEY_PREVIOUS can be removed.')
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      '\nIt works beside running gateways, and can be interrupted and run again. First give every gateway the new keys, and this\n' +
        'release: earlier releases cannot open what it has wrapped. The exit code is 1 while values remain.',
    )
    .action((options: JsonOption) => rewrap(context, options));
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
  const prefix = options.operator ? 'tcg_op_' : options.test ? TEST_KEY : 'tcg_';
  const key = `${prefix}${bytes.toString('base64url')}`;
  const keyHash = `sha256:${hash('sha256', key, 'hex')}`;
  const name = options.operator ? 'token' : 'key';
  if (options.json) {
    io.out(json({ [name]: key, hash: keyHash }));
    return;
  }
  io.out(
    pairs([
      [name, key],
      ['hash', keyHash],
    ]),
  );
  io.err(
    options.operator
      ? 'Give the token to the operator over a safe channel; it cannot be shown again. The hash is its "tokenHash".\n'
      : 'Give the key to the partner over a safe channel; it cannot be shown again. The hash goes into its "keys".\n',
  );
}

async function rewrap(context: Context, options: JsonOption): Promise<void> {
  const { io, actor, open } = context;
  const { operations, keys } = await open();
  if (keys.data.length === 0) throw new UsageError('DATA_KEY is not set, so no lead is encrypted');
  let report: ((done: number) => void) | undefined;
  const result = await operations.rewrapKeys({
    actor,
    onProgress(done, total) {
      report ??= createProgress(io, total);
      report(done);
    },
  });
  if (options.json) io.out(json(result));
  else io.out(`${plural(result.rewrapped, 'key')} wrapped anew; ${result.remaining} remain.\n`);
  io.err(adviceOn(result, keys.data.length > 1));
  context.exitCode = result.remaining === 0 ? EXIT.ok : EXIT.failed;
}

/** Says what is left to do, in whole lines. */
function adviceOn({ remaining, refused, unknown, plain }: RewrapResult, hasPrevious: boolean): string {
  const lines: string[] = [];
  if (remaining > refused)
    lines.push(
      'Gateways stored some of them meanwhile: when all have the same DATA_KEY and this release, run it again.',
    );
  if (refused > 0)
    lines.push(`${plural(refused, 'value was', 'values were')} altered or moved, and no key opens them in that place.`);
  if (unknown > 0)
    lines.push(
      `${plural(unknown, 'value needs', 'values need')} a key that is in neither DATA_KEY nor DATA_KEY_PREVIOUS.`,
    );
  if (plain > 0) lines.push(`${plural(plain, 'value is', 'values are')} stored without encryption, which is refused.`);
  if (remaining === 0 && hasPrevious) lines.push('DATA_KEY_PREVIOUS can be removed.');
  return lines.map((line) => `${line}\n`).join('');
}
