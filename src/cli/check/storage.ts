import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isoTime } from '../../admin/operations/views.ts';
import type { Settings } from '../../config/settings.ts';
import { LEASE_MS, maxClockSkewMs } from '../../domain/ports/delivery-queue.ts';
import type { SealedCounts } from '../../domain/ports/key-store.ts';
import { EmptyDatabase, StorageUnavailable } from '../../domain/ports/outbox.ts';
import { destinationOf } from '../../outgoing/texts.ts';
import { tryKeys } from '../../store/keys.ts';
import { nameOfPlace } from '../../store/open.ts';
import { exposedFiles, orphanedLog } from '../../store/sqlite/files.ts';
import { type Finding, plural, reasonOf } from '../output.ts';
import type { Session } from '../session.ts';
import { checkAccounts } from './delivery.ts';

const MIB = 1024 * 1024;
/** Below this the next busy day may fill the disk; a lead takes about 1 KiB. */
const LOW_MIB = 1_024;
const CRITICAL_MIB = 100;

/** A clock before this date is wrong, because the program did not exist then. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** The clock of the machine that stored the newest lead may be ahead by up to this much. */
const CLOCK_TOLERANCE_MS = 60_000;

/** From this difference on a replica stops (`store/postgres/replica-guard.ts`). */
const MAX_SKEW_MS = maxClockSkewMs(LEASE_MS);

/** Checks the database, its disk, the clock, the keys, and the leads and provider accounts that wait for an operator. */
export async function checkStorage(settings: Settings, now: number, open: () => Promise<Session>): Promise<Finding[]> {
  const { database: place } = settings;
  const disk = place.kind === 'sqlite' ? () => [checkSpace(place.path)] : () => [];
  if (place.kind === 'sqlite' && !existsSync(place.path)) return [checkPlace(place.path), ...disk(), checkYear(now)];
  try {
    const session = await open();
    const database = await checkDatabase(session);
    return [
      database,
      ...disk(),
      await checkClock(session, now),
      await checkKeys(session),
      ...(await checkWaiting(session, now)),
      ...(await checkTargets(session, settings)),
    ];
  } catch (error) {
    return [unopened(error, nameOfPlace(place)), ...disk(), checkYear(now)];
  }
}

function unopened(error: unknown, name: string): Finding {
  if (error instanceof Error && error.cause instanceof EmptyDatabase)
    return {
      name: 'database',
      result: 'ok',
      detail: `${name} is empty yet; the gateway makes its tables at its start`,
    };
  const detail =
    error instanceof StorageUnavailable ? `${name} is not readable now (${reasonOf(error)})` : reasonOf(error);
  return { name: 'database', result: 'problem', detail };
}

/** Where there is no database file: whether the gateway could create it, and that no log of a lost one lies beside it. */
function checkPlace(path: string): Finding {
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

/** Whether the database takes a write of the size of a lead. The write waits for its turn beside a running gateway. */
async function checkDatabase({ store, database: place }: Session): Promise<Finding> {
  const name = nameOfPlace(place);
  try {
    await store.ready();
    const exposed = place.kind === 'sqlite' ? exposedFiles(place.path) : [];
    if (exposed.length > 0) {
      const detail = `${name} opens and takes a write, but other users can read ${exposed.join(', ')}: chmod 600`;
      return { name: 'database', result: 'warning', detail };
    }
    return { name: 'database', result: 'ok', detail: `${name} opens and takes a write` };
  } catch (error) {
    return { name: 'database', result: 'problem', detail: `${name} takes no write (${reasonOf(error)})` };
  }
}

function checkSpace(path: string): Finding {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  const free = Math.floor((bavail * bsize) / MIB);
  const result = free < CRITICAL_MIB ? 'problem' : free < LOW_MIB ? 'warning' : 'ok';
  return { name: 'disk', result, detail: `${free} MiB free` };
}

/** Checks whether the clock of this machine is plausible: schedules, leases and retention depend on it. */
async function checkClock({ store, skewMs }: Session, now: number): Promise<Finding> {
  if (skewMs !== undefined) {
    const apart = `${Math.abs(skewMs) / 1_000} s ${skewMs > 0 ? 'behind' : 'ahead of'}`;
    const detail = `it is ${isoTime(now)} here, ${apart} the database server's clock; from ${MAX_SKEW_MS / 1_000} s on a replica handles no leads`;
    return { name: 'clock', result: Math.abs(skewMs) > MAX_SKEW_MS ? 'problem' : 'warning', detail };
  }
  const [newest] = (await store.list({}, { limit: 1 })).items;
  if (newest && newest.createdAt > now + CLOCK_TOLERANCE_MS) {
    const detail = `it is ${isoTime(now)} here, and the newest lead was stored at ${isoTime(newest.createdAt)}`;
    return { name: 'clock', result: 'problem', detail };
  }
  return checkYear(now);
}

function checkYear(now: number): Finding {
  return { name: 'clock', result: now < EARLIEST ? 'problem' : 'ok', detail: `it is ${isoTime(now)} here` };
}

/** Whether leads can be read with the keys that are configured, and which of those are still needed. */
async function checkKeys({ store, keys }: Session): Promise<Finding> {
  const tried = await tryKeys(store);
  if (tried.kind === 'does_not_open') {
    const detail = `${tried.id} does not open: set the DATA_KEY that sealed it, or list that in DATA_KEY_PREVIOUS`;
    return { name: 'keys', result: 'problem', detail };
  }
  const opens = tried.kind === 'opens' ? 'the newest lead opens' : 'no lead to try them on';
  const [first, ...previous] = keys.data;
  if (first === undefined) return { name: 'keys', result: 'ok', detail: opens };
  const wrong = wrongKeys(await store.sealedCounts());
  if (wrong.length > 0) return { name: 'keys', result: 'warning', detail: [opens, ...wrong].join('; ') };
  const unneeded = previous.length > 0 ? '; no value needs DATA_KEY_PREVIOUS any more: it can be removed' : '';
  return { name: 'keys', result: 'ok', detail: `${opens}${unneeded}` };
}

function wrongKeys({ previous, former, unknown, plain }: SealedCounts): string[] {
  const found: [number, string][] = [
    [previous, 'still need a key of DATA_KEY_PREVIOUS: run keys rewrap'],
    [former, 'are not bound to their lead: when every gateway has this release, run keys rewrap'],
    [unknown, 'need a key that is in neither DATA_KEY nor DATA_KEY_PREVIOUS'],
    [plain, 'are stored without encryption and are refused'],
  ];
  return found.flatMap(([count, what]) => (count === 0 ? [] : [`${plural(count, 'stored value')} ${what}`]));
}

/** The leads that wait for a decision, and the provider accounts that are parked. */
async function checkWaiting({ store }: Session, now: number): Promise<Finding[]> {
  const { byStatus } = await store.stats();
  const waiting = (['parked', 'unknown', 'held'] as const).filter((status) => byStatus[status] > 0);
  const detail = waiting.map((status) => `${byStatus[status]} ${status}`).join(', ');
  const leads: Finding =
    waiting.length === 0
      ? { name: 'leads', result: 'ok', detail: `none waits for a person, ${plural(byStatus.queued, 'lead')} queued` }
      : { name: 'leads', result: 'warning', detail: `${detail}: see leads list` };
  const parked = await store.parked();
  const providers = parked.map(({ id, parkedAt }): Finding => {
    const detail = `refuses our credentials since ${isoTime(parkedAt)}; its leads wait`;
    return { name: `provider ${id}`, result: 'problem', detail };
  });
  return [leads, ...providers, ...(await checkAccounts(store, now, new Set(parked.map(({ id }) => id))))];
}

/** The result of the last message to each target of notifications. `notify test` says whether a target is reachable now. */
async function checkTargets({ store }: Session, { notifications }: Settings): Promise<Finding[]> {
  if (!notifications) return [];
  const states = new Map((await store.destinationStates()).map((state) => [state.destination, state]));
  return [...notifications.targets.keys()].map((target): Finding => {
    const { waiting = 0, deliveredAt, failedAt, failure } = states.get(destinationOf(target)) ?? {};
    const name = `notify ${target}`;
    const failed = failedAt !== undefined && failedAt > (deliveredAt ?? 0);
    const last = [
      deliveredAt === undefined ? 'took no message yet' : `took a message at ${isoTime(deliveredAt)}`,
      ...(failed ? [`failed at ${isoTime(failedAt)} (${failure})`] : []),
      ...(waiting > 0 ? [`${plural(waiting, 'message')} waiting`] : []),
    ];
    return { name, result: failed ? 'warning' : 'ok', detail: last.join(', ') };
  });
}
