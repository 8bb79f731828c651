import { tryKeys } from '../../ops/keys.ts';
import { isoTime } from '../../ops/operations/time.ts';
import type { Session } from '../command.ts';
import { plural } from '../print.ts';
import type { Finding } from './finding.ts';

/** No clock that is right says less: this program did not exist before. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** Clocks of two machines on one database may differ by so much without anybody noticing. */
const SLACK_MS = 60_000;

/** Half of a lease: see `outbox/postgres/skew.ts`. */
const USELESS_MS = 30_000;

/** Whether time can be what the machine says it is: schedules, leases and retention go by it. */
export async function checkClock({ store, skewMs }: Session, now: number): Promise<Finding> {
  if (skewMs !== undefined) {
    const apart = `${Math.abs(skewMs) / 1_000} s ${skewMs > 0 ? 'behind' : 'ahead of'}`;
    const detail = `it is ${isoTime(now)} here, ${apart} the database server's clock; from ${USELESS_MS / 1_000} s on a replica does nothing`;
    return { name: 'clock', result: Math.abs(skewMs) > USELESS_MS ? 'problem' : 'warning', detail };
  }
  const [newest] = (await store.list({}, { limit: 1 })).items;
  if (newest && newest.createdAt > now + SLACK_MS) {
    const detail = `it is ${isoTime(now)} here, and the newest lead was stored at ${isoTime(newest.createdAt)}`;
    return { name: 'clock', result: 'problem', detail };
  }
  return checkYear(now);
}

export function checkYear(now: number): Finding {
  return { name: 'clock', result: now < EARLIEST ? 'problem' : 'ok', detail: `it is ${isoTime(now)} here` };
}

/** Whether leads can be read with the keys that are configured. */
export async function checkKeys({ store }: Session): Promise<Finding> {
  const keys = await tryKeys(store);
  switch (keys.kind) {
    case 'opens':
      return { name: 'keys', result: 'ok', detail: 'the newest lead opens' };
    case 'nothing_to_open':
      return { name: 'keys', result: 'ok', detail: 'no lead to try them on' };
    case 'does_not_open': {
      const detail = `${keys.id} does not open: set the DATA_KEY that sealed it, or list that in DATA_KEY_PREVIOUS`;
      return { name: 'keys', result: 'problem', detail };
    }
  }
}

/** What waits for a person. */
export async function checkWaiting({ store }: Session): Promise<Finding[]> {
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
  return [leads, ...providers];
}
