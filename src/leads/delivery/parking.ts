import {
  type Claim,
  type DeliveryQueue,
  type ParkedLeadStore,
  PROBE_EVERY_MS,
  type ProbeQueue,
  type ProviderState,
  type ProviderStore,
} from '../../domain/ports/delivery-queue.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Gate } from './breaker.ts';

/** Conversations that one transaction moves; small, so that other writers wait only a short time for the lock. */
const CHUNK = 200;

type Parts = {
  readonly store: ProviderStore & ParkedLeadStore;
  readonly queue: ProbeQueue & Pick<DeliveryQueue, 'nextDue'>;
  readonly gate: Gate;
  /** Ids of all accounts that are configured at the start. */
  readonly providers: readonly string[];
  /** Hash of the credentials that are configured now; `undefined` if the account is no longer configured. */
  readonly credentials: (provider: string) => string | undefined;
  readonly onReleased: (provider: string) => void;
  readonly clock: Clock;
};

/**
 * Parks providers that refuse our credentials. The leads of a parked provider wait, one lead at a time probes it, and a
 * delivered probe or changed credentials release all of them.
 */
export interface Parking {
  /** Reads from the store which providers are parked, and releases those whose credentials have changed. */
  refresh(): Promise<void>;
  /**
   * Parks the queued leads of parked providers and queues the waiting leads of released ones, a chunk at a time. Gives
   * whether more are left.
   */
  tidy(): Promise<boolean>;
  /** Leases one lead of each provider whose probe is due, unless another process probes it. */
  claimProbes(): Promise<readonly { provider: string; claim: Claim }[]>;
  release(provider: string): Promise<void>;
  /** The earliest time when a probe is due and its endpoint may be called; `undefined` if no provider is parked. */
  nextProbe(): number | undefined;
}

export function createParking({ store, queue, gate, providers, credentials, onReleased, clock }: Parts): Parking {
  let parked: readonly ProviderState[] = [];
  // At the start all providers: a process may have died in the middle of a release.
  const releasing = new Set(providers);

  const release = async (provider: string): Promise<void> => {
    await store.unpark(provider, clock.now());
    onReleased(provider);
    await load();
  };
  const load = async (): Promise<void> => {
    const before = parked;
    parked = await store.parked();
    const ids = new Set(parked.map(({ id }) => id));
    gate.setParked(ids);
    for (const { id } of before) if (!ids.has(id)) releasing.add(id);
  };

  return {
    release,
    async refresh() {
      await load();
      for (const { id, credentials: refused } of parked) {
        const current = credentials(id);
        if (current !== undefined && current !== refused) await release(id);
      }
    },
    async tidy() {
      let more = false;
      for (const { id } of parked) {
        releasing.delete(id);
        if ((await queue.nextDue([id])) === undefined) continue;
        if ((await store.parkQueued(id, CHUNK, clock.now())) === CHUNK) more = true;
      }
      for (const provider of releasing) {
        const moved = await store.releaseWaiting(provider, CHUNK, clock.now());
        if (moved === CHUNK) more = true;
        else releasing.delete(provider);
      }
      return more;
    },
    async claimProbes() {
      const probes: { provider: string; claim: Claim }[] = [];
      for (const { id, probeAt } of parked) {
        const now = clock.now();
        if (probeAt > now || gate.blockedUntil(id) !== undefined) continue;
        if (!(await store.postponeProbe(id, now, now + PROBE_EVERY_MS))) continue;
        const claim = await queue.claimProbe(id, clock.now());
        if (claim) probes.push({ provider: id, claim });
      }
      return probes;
    },
    nextProbe() {
      const times = parked.map(({ id, probeAt }) => Math.max(probeAt, gate.blockedUntil(id) ?? probeAt));
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
