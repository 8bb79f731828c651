import { hash } from 'node:crypto';
import type { Fields } from './request.ts';

/** A received call: read completely and accepted, with the right credentials. It holds all fields but the password. */
export type Message = {
  /** Counts up from 1 during a run of the simulator. */
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Equal for calls with the same lead. */
  readonly fingerprint: string;
  readonly providerId: number;
  readonly userName: string;
  readonly merchantId?: number;
  readonly advertiserId?: string;
  readonly placementId?: number;
  readonly listing?: string;
  readonly phone: string;
  readonly countryCode: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly question?: string;
  /** Name of the fault that answered it. */
  readonly fault: string;
  /** Whether a conversation was opened. Otherwise no agent would have seen the lead. */
  readonly got: boolean;
  /** Milliseconds from the request's arrival until its answer was sent or its connection was closed; null until then. */
  durationMs: number | null;
};

/** The message for accepted fields. Absent members stay absent. */
export function messageOf(id: number, at: number, fields: Fields, fault: string, got: boolean): Message {
  const { MerchantId, AdvertiserId, PlacementId, ListingDetails } = fields;
  const { ConsumerFirstName, ConsumerLastName, ConsumerQuestion } = fields;
  return {
    id,
    at: new Date(at).toISOString(),
    fingerprint: fingerprintOf(fields),
    providerId: Number(fields.ProviderId),
    userName: fields.UserName ?? '',
    ...(MerchantId !== undefined && { merchantId: Number(MerchantId) }),
    ...(AdvertiserId !== undefined && { advertiserId: AdvertiserId }),
    ...(PlacementId !== undefined && { placementId: Number(PlacementId) }),
    ...(ListingDetails !== undefined && { listing: ListingDetails }),
    phone: fields.ConsumerPhoneNumber ?? '',
    countryCode: fields.ConsumerPhoneNumberCountryCode ?? '',
    ...(ConsumerFirstName !== undefined && { firstName: ConsumerFirstName }),
    ...(ConsumerLastName !== undefined && { lastName: ConsumerLastName }),
    ...(ConsumerQuestion !== undefined && { question: ConsumerQuestion }),
    fault,
    got,
    durationMs: null,
  };
}

/** 64 bits of a hash over the lead's fields. The credentials are left out, so that rotating them changes nothing. */
function fingerprintOf(fields: Fields): string {
  const { ProviderId, UserName, Password, ...lead } = fields;
  const said = Object.entries(lead).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', JSON.stringify(said)).slice(0, 16);
}

/** The last received messages, oldest first, up to a capacity. The counters also cover the dropped ones. */
export interface Store {
  add(message: Message): void;
  /** Kept messages whose id is above `id`, oldest first. */
  since(id: number): Message[];
  clear(): void;
}

/** A ring buffer of `capacity` messages with constant-time `add`. Ids must count up. */
export function createStore(capacity: number): Store {
  const ring: Message[] = [];
  let oldest = 0;
  const at = (index: number) => ring[(oldest + index) % ring.length];
  return {
    add(message) {
      if (ring.length < capacity) ring.push(message);
      else {
        ring[oldest] = message;
        oldest = (oldest + 1) % capacity;
      }
    },
    since(id) {
      const newest: Message[] = [];
      for (let index = ring.length - 1; index >= 0; index -= 1) {
        const message = at(index);
        if (message === undefined || message.id <= id) break;
        newest.push(message);
      }
      return newest.reverse();
    },
    clear() {
      ring.length = 0;
      oldest = 0;
    },
  };
}
