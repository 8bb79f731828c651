import type { Claim, DeliveryQueue, ProbeQueue } from '../../domain/ports/delivery-queue.ts';
import type { ParkedLeadStore, ProviderState, ProviderStore } from '../../domain/ports/provider-store.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Gate } from './gate.ts';

/** A parked provider is tried with one lead this often. */
const PROBE_EVERY_MS = 600_000;
/** How many conversations change hands in one transaction, so that nobody waits long for the lock. */
const CHUNK = 1_000;

type Parts = {
  readonly store: ProviderStore & ParkedLeadStore;
  readonly queue: ProbeQueue & Pick<DeliveryQueue, 'nextDue'>;
  readonly gate: Gate;
  /** All accounts at the start. */
  readonly providers: readonly string[];
  /** Hash of the credentials that are configured now; `undefined` where the account is gone. */
  readonly credentials: (provider: string) => string | undefined;
  readonly onReleased: (provider: string) => void;
  readonly clock: Clock;
};

/** Providers that refuse our credentials: their leads wait, one probes, and a Success or other credentials release all. */
export interface Parking {
  /** Learns from the store which providers are parked, and releases those whose credentials have changed. */
  refresh(): Promise<void>;
  /** Moves conversations to where their provider's state wants them, a chunk at a time; gives whether more are left. */
  tidy(): Promise<boolean>;
  /** Leases a lead of each provider whose probe is due, unless another process probes it. */
  claimProbes(): Promise<readonly { provider: string; claim: Claim }[]>;
  release(provider: string): Promise<void>;
  /** When a probe is due and its region may be called. */
  nextProbe(): number | undefined;
}

export function createParking({ store, queue, gate, providers, credentials, onReleased, clock }: Parts): Parking {
  let parked: readonly ProviderState[] = [];
  // Whoever started the last release may have died in the middle of it.
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
