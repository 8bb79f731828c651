import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { nameOfPlace } from '../../outbox/open.ts';
import { orphanedLog } from '../../outbox/sqlite/identity.ts';
import type { Session } from '../command.ts';
import { type Finding, reasonOf } from './finding.ts';

const MIB = 1024 * 1024;
/** Below this the next busy day may fill the disk; a lead takes about 1 KiB. */
const LITTLE_MIB = 1_024;
const TOO_LITTLE_MIB = 100;

/** Where there is no database: whether it could be created, and that it was never there. */
export function checkPlace(path: string): Finding {
  const lost = orphanedLog(path);
  if (lost !== undefined) return { name: 'database', result: 'problem', detail: `${path} cannot be used: ${lost}` };
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK);
    return { name: 'database', result: 'ok', detail: `${path} is not there yet; the gateway creates it at its start` };
  } catch (error) {
    return { name: 'database', result: 'problem', detail: `${folder} is not writable (${reasonOf(error)})` };
  }
}

/** Whether the database takes a write; one of the size of a lead, beside a running gateway, which waits for its turn. */
export async function checkDatabase({ store, settings }: Session): Promise<Finding> {
  const name = nameOfPlace(settings.database);
  try {
    await store.ready();
    return { name: 'database', result: 'ok', detail: `${name} opens and takes a write` };
  } catch (error) {
    return { name: 'database', result: 'problem', detail: `${name} takes no write (${reasonOf(error)})` };
  }
}

export function checkSpace(path: string): Finding {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  const free = Math.floor((bavail * bsize) / MIB);
  const result = free < TOO_LITTLE_MIB ? 'problem' : free < LITTLE_MIB ? 'warning' : 'ok';
  return { name: 'disk', result, detail: `${free} MiB free` };
}
