import { ConfigurationError } from '../config/problem.ts';
import { describeError } from '../ops/log.ts';
import { OperationError } from '../ops/operations/error.ts';
import { readArguments } from './arguments.ts';
import { type Command, EXIT, type ExitCode, type Io, Misuse, type Session } from './command.ts';
import { explain, overview, START } from './help.ts';

/**
 * Runs one command line and gives its exit code; every error becomes a line on standard error.
 *
 * @param args without the program's name
 * @param open opens settings and database; asked only by commands that need them
 */
export async function run(
  commands: readonly Command[],
  args: readonly string[],
  io: Io,
  open: (io: Io) => Promise<Session>,
): Promise<ExitCode> {
  const found = findCommand(commands, args);
  if (!found) return withoutCommand(commands, args, io);
  const { command, rest } = found;
  let session: Promise<Session> | undefined;
  try {
    const { values, operands } = readArguments(command, rest);
    if (values.help) {
      io.out(explain(command));
      return EXIT.ok;
    }
    return await command.run({
      operands,
      values,
      json: values.json === true,
      io,
      actor: `cli:${io.user}`,
      open: () => {
        session ??= open(io);
        return session;
      },
    });
  } catch (error) {
    return complain(error, command, io);
  } finally {
    await session?.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }
}

function findCommand(commands: readonly Command[], args: readonly string[]) {
  for (const command of commands) {
    const words = command.name.split(' ');
    if (words.every((word, index) => args[index] === word)) return { command, rest: args.slice(words.length) };
  }
  return undefined;
}

/** Help for everything or for a group; anything else is a mistake. */
function withoutCommand(commands: readonly Command[], args: readonly string[], io: Io): ExitCode {
  const [group] = args;
  const inGroup = commands.filter(({ name }) => name.split(' ')[0] === group);
  if (args.includes('--help') || args.includes('-h') || group === 'help') {
    io.out(overview(inGroup.length > 0 ? inGroup : commands));
    return EXIT.ok;
  }
  const names = (inGroup.length > 0 ? inGroup : commands).map(({ name }) => name).join(', ');
  io.err(
    `${args.length === 0 ? 'Say which command' : 'There is no such command; there are'}: ${names}. More: ${START} --help\n`,
  );
  return EXIT.usage;
}

function complain(error: unknown, { name }: Command, io: Io): ExitCode {
  if (error instanceof Misuse || (error instanceof OperationError && error.code === 'invalid')) {
    io.err(`${error.message}. More: ${START} ${name} --help\n`);
    return EXIT.usage;
  }
  if (error instanceof OperationError) {
    io.err(`${error.message}\n`);
    return EXIT.notFound;
  }
  if (error instanceof ConfigurationError) {
    io.err(`${error.message}\n`);
    return EXIT.failed;
  }
  // A message of our own says what to do; any other may quote what it choked on.
  const { type, message, code, frames } = describeError(error);
  const where = Array.isArray(frames) ? frames[0] : undefined;
  io.err(`${message ?? ['The command failed', type, code, where].filter(Boolean).join(': ')}\n`);
  return EXIT.failed;
}
