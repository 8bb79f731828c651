import { setTimeout as pause } from 'node:timers/promises';
import { leadOf, post, type Reply } from './caller.ts';

/** Leads that have to be acknowledged: one that was not is sent again under its key, as a careful caller does. */
export type Leads = {
  /** Ids by number of lead, see `leadOf`. */
  readonly acknowledged: ReadonlyMap<number, string>;
  take(): number | undefined;
  putBack(n: number): void;
  acknowledge(n: number, id: string): void;
};

export function leadsToSend(count: number): Leads {
  const waiting = Array.from({ length: count }, (_, n) => n);
  const acknowledged = new Map<number, string>();
  return {
    acknowledged,
    take: () => waiting.shift(),
    putBack: (n) => waiting.push(n),
    acknowledge: (n, id) => acknowledged.set(n, id),
  };
}

/** How soon a caller comes back that was told that the store is away; sooner than `Retry-After`, so as to be a load. */
const BACK_AFTER_MS = 50;

type Load = {
  readonly leads: Leads;
  /** Whom the next request goes to. */
  readonly url: () => string;
  readonly callers: number;
  /** Ends the load before everything is acknowledged. */
  readonly over?: () => boolean;
  readonly onAcknowledged?: () => void;
  /** Told of every answer and how long it took, in milliseconds. */
  readonly onReply?: (reply: Reply, tookMs: number) => void;
  /** A 503 is an answer too: the store is away for a while. */
  readonly outage?: true;
};

/**
 * Sends leads, `callers` at a time, until all are acknowledged or the load is `over`. Rejects for an answer that no load
 * may provoke: anything but 201, 202, a 409 of an earlier try, in an outage 503, and none at all.
 */
export async function sendAll({ leads, url, callers, over, onAcknowledged, onReply, outage }: Load): Promise<void> {
  const call = async (): Promise<void> => {
    for (let n = leads.take(); n !== undefined; n = leads.take()) {
      if (over?.()) return leads.putBack(n);
      const began = performance.now();
      const reply = await post(url(), leadOf(n), { 'idempotency-key': `lead-${n}` });
      if (reply) onReply?.(reply, performance.now() - began);
      if (!reply || reply.status === 409 || (outage && reply.status === 503)) leads.putBack(n);
      else leads.acknowledge(n, idOf(reply));
      if (reply?.status === 503) await pause(BACK_AFTER_MS);
      if (reply) onAcknowledged?.();
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
}

function idOf({ status, body }: Reply): string {
  if (status === 201 || status === 202) return String(body.id);
  throw new Error(`A lead was answered ${status}: ${JSON.stringify(body)}`);
}
