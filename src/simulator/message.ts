import { hash } from 'node:crypto';
import type { Fields } from './members.ts';

/** A call that was received: read whole, acceptable, with the right credentials. It holds all but the password. */
export type Message = {
  /** Counts up from 1 over the simulator's life. */
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Equal for calls that carried the same lead. */
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
  /** Whether a conversation was opened; where not, an agent would never have seen it. */
  readonly got: boolean;
  /** Milliseconds from the request's arrival until the answer had left or the connection was gone; null until then. */
  durationMs: number | null;
};

/** The message of acceptable fields; absent members stay absent. */
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

/** 64 bits of a hash over all that a lead says; who sent it is left out, so that rotated credentials change nothing. */
function fingerprintOf(fields: Fields): string {
  const { ProviderId, UserName, Password, ...lead } = fields;
  const said = Object.entries(lead).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', JSON.stringify(said)).slice(0, 16);
}
