import { setTimeout as pause } from 'node:timers/promises';
import { leadOf, post, type Reply } from './caller.ts';

/** Leads that must all be acknowledged: a lead without an answer is sent again with its key, as a careful client does. */
export type Leads = {
  /** Ids by number of lead, see `leadOf`. */
  readonly acknowledged: ReadonlyMap<number, string>;
  take(): number | undefined;
  putBack(n: number): void;
  acknowledge(n: number, id: string): void;
};

/** @param first the number of the first lead */
export function leadsToSend(count: number, first = 0): Leads {
  const waiting = Array.from({ length: count }, (_, n) => first + n);
  const acknowledged = new Map<number, string>();
  return {
    acknowledged,
    take: () => waiting.shift(),
    putBack: (n) => waiting.push(n),
    acknowledge: (n, id) => acknowledged.set(n, id),
  };
}

/** Milliseconds until a client repeats a lead that was answered 503; shorter than `Retry-After`, to keep the load up. */
const BACK_AFTER_MS = 50;

type Load = {
  readonly leads: Leads;
  /** Gives the base URL for the next request. */
  readonly url: () => string;
  readonly callers: number;
  /** The body of the `n`th lead; by default that of `leadOf`. */
  readonly lead?: (n: number) => object;
  /** Header fields beside the key of the lead. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the load before every lead is acknowledged. */
  readonly over?: () => boolean;
  readonly onAcknowledged?: () => void;
  /** Called with every answer and its duration in milliseconds. */
  readonly onReply?: (reply: Reply, tookMs: number) => void;
  /** Whether 503 is allowed, because the store is unavailable for a while. */
  readonly outage?: true;
};

/**
 * Sends leads, `callers` at a time, until all are acknowledged or the load is `over`. Rejects for any answer that a load
 * must not cause. Allowed are 201, 202, a 409 of an earlier try, 503 during an outage, and no answer.
 */
export async function sendAll(load: Load): Promise<void> {
  const { leads, url, callers, lead = leadOf, headers, over, onAcknowledged, onReply, outage } = load;
  const call = async (): Promise<void> => {
    for (let n = leads.take(); n !== undefined; n = leads.take()) {
      if (over?.()) return leads.putBack(n);
      const began = performance.now();
      const reply = await post(url(), lead(n), { ...headers, 'idempotency-key': `lead-${n}` });
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
