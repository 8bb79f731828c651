import type { Command } from 'commander';
import { loadSettings } from '../../config/load.ts';
import type { NotificationTarget } from '../../domain/notification.ts';
import type { SendResult } from '../../domain/receiver.ts';
import { composeMessage } from '../../outgoing/texts.ts';
import { createSender } from '../../senders/sender.ts';
import { type Context, EXIT, groupOf, type JsonOption } from '../command.ts';
import { json, table } from '../output.ts';

/** `notify test`: sends a test message to the targets of notifications, and says whether each took it. */
export function addNotifyCommands(program: Command, context: Context): void {
  groupOf(program, 'notify')
    .command('test')
    .description('Sends a test message to every target of notifications, or to one, and says whether it was taken.')
    .argument('[target]', 'the name of one target in the configuration file')
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      '\nQuiet times do not hold for it. It opens no database. The exit code is 1 if a target did not take it.',
    )
    .action((target: string | undefined, options: JsonOption) => testTargets(context, target, options));
}

async function testTargets(context: Context, wanted: string | undefined, options: JsonOption): Promise<void> {
  const { io } = context;
  const { notifications, privateHosts } = loadSettings(io.env);
  const targets = [...(notifications?.targets.values() ?? [])].filter(
    ({ name }) => wanted === undefined || name === wanted,
  );
  if (!notifications || targets.length === 0) {
    const known = [...(notifications?.targets.keys() ?? [])].join(', ');
    io.err(
      known === ''
        ? 'CONFIG_FILE has no notifications; docs/operations.md shows them.\n'
        : `There is no such target; there are ${known}.\n`,
    );
    context.exitCode = EXIT.notFound;
    return;
  }
  const sender = createSender({ allowed: (host) => privateHosts.has(host), now: io.now });
  const send = async ({ name, receiver }: NotificationTarget): Promise<SendResult> => {
    const id = `msg_${io.randomBytes(16).toString('base64url')}`;
    return sender.send(
      receiver,
      composeMessage('test', undefined, { id, gateway: notifications.name, target: name, now: io.now() }),
    );
  };
  const results = await Promise.all(
    targets.map(async (target) => {
      const sent = await send(target);
      const failure = sent.kind === 'failed' ? { failure: sent.failure } : {};
      return { target: target.name, kind: target.receiver.kind, result: sent.kind, ...failure };
    }),
  );
  await sender.close();
  const rows = results.map(({ target, kind, result, failure = '' }) => [target, kind, result, failure]);
  io.out(options.json ? json({ results }) : table(['TARGET', 'KIND', 'RESULT', 'WHY'], rows));
  if (results.some(({ result }) => result === 'failed')) context.exitCode = EXIT.failed;
}
