import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { buffer } from 'node:stream/consumers';
import type { Io } from './command.ts';
import { run } from './program.ts';
import { openSession } from './session.ts';

// A reader of the output may stop reading, as `head` does. That is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const io: Io = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  readInput: () => buffer(process.stdin),
  interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  redraws: process.stderr.isTTY === true,
  async ask(question) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await terminal.question(question);
    } finally {
      terminal.close();
    }
  },
  env: process.env,
  now: Date.now,
  randomBytes,
  user: userName(),
};

process.exitCode = await run(process.argv.slice(2), io, openSession);

/** Containers often run under a user id that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
