import { Command, CommanderError } from 'commander';
import { describeError } from '../admin/logger.ts';
import { OperationError } from '../admin/operations/input.ts';
import { ConfigurationError } from '../config/problem.ts';
import { nearest } from '../lib/text.ts';
import { BackupError } from '../store/sqlite/backup.ts';
import { addCheckCommand } from './check/check.ts';
import { type AddCommands, type Context, EXIT, type ExitCode, type Io, START, UsageError } from './command.ts';
import { addBackupCommands } from './commands/backup.ts';
import { addClassifyCommand } from './commands/classify.ts';
import { addConfigurationCommands } from './commands/configuration.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEntryCommands } from './commands/entries.ts';
import { addKeyCommands } from './commands/keys.ts';
import { addLeadCommands } from './commands/leads.ts';
import { addSendCommands } from './commands/leads-send.ts';
import { addNotifyCommands } from './commands/notify.ts';
import { addNumberCommands } from './commands/numbers.ts';
import { addReconcileCommand } from './commands/reconcile.ts';
import { addRehearseCommand } from './commands/rehearse.ts';
import { addRenderCommand, UnusableLead } from './commands/render.ts';
import { addReportCommands } from './commands/reports.ts';
import { addWireCommands } from './commands/wire.ts';
import { mistakesNote } from './output.ts';
import type { Session } from './session.ts';

/** How an operator starts the program. */
const EXIT_CODES =
  'Exit codes: 0 done, 1 failed or problems found, 2 the command is wrong, 3 not found. doctor: 0 well, 1 warning, 2 alarm.\n' +
  'rehearse: 4 another outcome than the documented one.';

/** Subjects in the order of the help. */
const SUBJECTS: readonly AddCommands[] = [
  addLeadCommands,
  addSendCommands,
  addNumberCommands,
  addReportCommands,
  addEntryCommands,
  addReconcileCommand,
  addDoctorCommand,
  addCheckCommand,
  addNotifyCommands,
  addRehearseCommand,
  addRenderCommand,
  addClassifyCommand,
  addWireCommands,
  addKeyCommands,
  addBackupCommands,
  addConfigurationCommands,
];

/** Creates the program with every command, its options and its help. commander keeps parsed values in it, so each run needs a new one. */
export function createProgram(context: Context): Command {
  const program = new Command(START)
    .description("Operator's commands of the Text Connect Gateway, with the same settings as the gateway itself.")
    .usage('COMMAND [options]')
    .exitOverride()
    .showSuggestionAfterError(false)
    // Errors are written by `run`, in one line.
    .configureOutput({
      writeOut: (text) => context.io.out(text),
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    .configureHelp({
      visibleCommands: (command) => leavesOf(command),
      subcommandTerm: (command) => [nameOf(command), argumentsOf(command)].filter(Boolean).join(' '),
    })
    .addHelpText('afterAll', `\n${EXIT_CODES}`);
  for (const add of SUBJECTS) add(program, context);
  return program;
}

/** Lists the commands that have no subcommands, in the order of the help. */
export function leavesOf(command: Command): Command[] {
  return command.commands.flatMap((child) => (child.commands.length === 0 ? [child] : leavesOf(child)));
}

/** Gives the full name of a command as it is typed, such as `leads list`. */
export function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

/**
 * Runs one command line and returns its exit code; every error becomes a line on standard error.
 *
 * @param args without the program's name
 * @param open opens settings and database; only commands that need them call it
 */
export async function run(args: readonly string[], io: Io, open: (io: Io) => Promise<Session>): Promise<ExitCode> {
  let session: Promise<Session> | undefined;
  const context: Context = {
    io,
    actor: `cli:${io.user}`,
    open: () => {
      session ??= open(io).then((opened) => {
        if (opened.mistakes) io.err(mistakesNote(opened.mistakes));
        return opened;
      });
      return session;
    },
    exitCode: EXIT.ok,
  };
  const program = createProgram(context);
  try {
    await program.parseAsync(args, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    return reportError(error, program, args, io);
  } finally {
    await session?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }
}

function reportError(error: unknown, program: Command, args: readonly string[], io: Io): ExitCode {
  // commander also throws after it has printed the help.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const command = findCommand(program, args);
  if (error instanceof CommanderError && command.commands.length > 0 && error.code !== 'commander.unknownOption') {
    io.err(`${describeUnknownCommand(command, args)} More: ${START} --help\n`);
    return EXIT.usage;
  }
  const usage = usageProblem(error, command);
  if (usage !== undefined) {
    const typed = command === program ? '' : `${nameOf(command)} `;
    io.err(`${usage.endsWith('?') ? usage : `${usage}.`} More: ${START} ${typed}--help\n`);
    return EXIT.usage;
  }
  if (error instanceof OperationError) {
    io.err(`${error.message}\n`);
    return error.code === 'not_found' ? EXIT.notFound : EXIT.failed;
  }
  if (error instanceof ConfigurationError || error instanceof UnusableLead || error instanceof BackupError) {
    io.err(`${error.message}\n`);
    return EXIT.failed;
  }
  // Only the gateway's own messages are shown, because the message of a library may quote personal data.
  const { type, message, code, frames } = describeError(error);
  const where = Array.isArray(frames) ? frames[0] : undefined;
  io.err(`${message ?? ['The command failed', type, code, where].filter(Boolean).join(': ')}\n`);
  return EXIT.failed;
}

/** Finds the command that the first words name, or the group or program up to which they are known. */
function findCommand(program: Command, args: readonly string[]): Command {
  let command = program;
  for (const word of args) {
    const next = command.commands.find((child) => child.name() === word);
    if (!next) break;
    command = next;
  }
  return command;
}

/** Describes an error of the command line, as a sentence without its full stop; `undefined` for another kind of error. */
function usageProblem(error: unknown, command: Command): string | undefined {
  if (error instanceof UsageError) return error.message;
  if (error instanceof OperationError) return error.code === 'invalid' ? error.message : undefined;
  if (!(error instanceof CommanderError)) return undefined;
  // commander quotes the arguments that are too many, which may be personal data.
  if (error.code === 'commander.excessArguments') {
    const takes = command.registeredArguments.length === 0 ? 'options only' : `one ${argumentsOf(command)} only`;
    return `${nameOf(command)} takes ${takes}`;
  }
  const message = error.message.replace(/^error: /, '');
  if (error.code === 'commander.unknownOption') return describeUnknownOption(message, command);
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
}

/** commander quotes an unknown option whole. Only its name is shown, because its value may be personal data. */
function describeUnknownOption(message: string, command: Command): string {
  const [option = ''] = /--[^'=]*|-[^-]/.exec(message) ?? [];
  const known = ['--help', ...command.options.flatMap(({ long }) => long ?? [])];
  if (known.includes(option)) return `Option '${option}' takes no value`;
  const meant = nearest(option, known);
  return `Unknown option '${option}'${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

function describeUnknownCommand(group: Command, args: readonly string[]): string {
  const names = leavesOf(group).map(nameOf);
  if (args.length === 0) return `Give one of these commands: ${names.join(', ')}.`;
  const [first = '', second] = args;
  const meant = nearest([first, second].join(' '), names) ?? nearest(first, names);
  const suggestion = meant === undefined ? '' : ` Did you mean ${meant}?`;
  return `There is no such command; there are: ${names.join(', ')}.${suggestion}`;
}

function argumentsOf(command: Command): string {
  return command.registeredArguments
    .map((argument) => {
      const name = `${argument.name().toUpperCase()}${argument.variadic ? '…' : ''}`;
      return argument.required ? name : `[${name}]`;
    })
    .join(' ');
}
