import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { openSession } from '../../../src/cli/session.ts';
import type { Lead } from '../../../src/domain/lead.ts';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { capKeys, createHashing } from '../../../src/leads/hashing.ts';
import { createSqliteOutbox } from '../../../src/store/sqlite/outbox.ts';
import { createVault } from '../../../src/store/vault.ts';
import { lead } from '../lead.ts';
import { nodeCommand } from '../node-command.ts';
import { LEASE_MS, newLead } from '../outbox.ts';
import { ioOf, runInProcess } from './terminal.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/gateway.js', import.meta.url));
const DATA_KEY = Buffer.from('0123456789abcdef0123456789abcdeF');
const HASH_KEY = Buffer.from('fedcba9876543210fedcba987654321H');

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** Starts the program as a script would, with this environment and nothing of the shell's. */
export async function startProgram(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): Promise<Ended> {
  const child = spawn(...nodeCommand(MAIN, ...args), { env, stdio: 'pipe' });
  child.stdin.on('error', () => undefined).end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, err };
}

/** Runs the program's commands in this process, on the database that `env` names. Much faster than to start the program. */
export function gateway(args: readonly string[], env: NodeJS.ProcessEnv = {}, input = ''): Promise<Ended> {
  const io = { ...ioOf({}), env, now: Date.now, readInput: async () => Buffer.from(input) };
  return runInProcess(args, io, openSession);
}

/** A database that this process holds open, as a running gateway does, and commands beside it. */
export function besideRunning(t: Test) {
  const path = join(t.testdir(), 'gateway.db');
  const hashing = createHashing(HASH_KEY);
  const outbox: Outbox = createSqliteOutbox(path, {
    vault: createVault([DATA_KEY]),
    owner: 'running',
    leaseMs: LEASE_MS,
    waitMs: 4_000,
    messageKey: hashing.message,
    capKeys: (site, phoneHash, test) => capKeys(hashing, site, phoneHash, test),
  });
  t.teardown(() => outbox.close());
  const env = {
    DATABASE_URL: `sqlite:${path}`,
    DATA_KEY: DATA_KEY.toString('base64'),
    HASH_KEY: HASH_KEY.toString('base64'),
  };
  /** Stores a lead that the provider was not reached for, until its schedule was used up. */
  const parked = async (changes: Partial<Lead> = {}, description = 'No such merchant'): Promise<string> => {
    const content = lead(changes);
    const now = Date.now();
    const accepted = await outbox.accept(newLead({ lead: content, phoneHash: hashing.phone(content.phone.e164) }), now);
    if (accepted.kind !== 'stored' || !accepted.lease) throw new Error('not leased');
    await outbox.settle(accepted.lease, { status: 'parked', cause: 'schedule', attempted: true, description }, now);
    return accepted.conversation.id;
  };
  return {
    path,
    outbox,
    env,
    parked,
    gateway: (...args: string[]) => gateway(args, env),
    startProgram: (...args: string[]) => startProgram(args, env),
  };
}
