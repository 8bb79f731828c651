import type { Lead } from '../domain/lead.ts';
import type { Cap, CapKind } from '../domain/ports/lead-store.ts';
import { Refusal } from '../domain/refusal.ts';
import type { DailyMax } from '../domain/site.ts';
import { secondsToNextDay } from '../lib/clock.ts';
import type { Hashing } from './hashing.ts';
import type { IdempotencyScope, Network } from './request-identity.ts';

export type DailyMaxima = DailyMax & { readonly phoneTotal: number; readonly visitor: number };

/** How many times a visitor's daily maximum the visitors of a network have together, by the length of its prefix. */
const NETWORK_FACTORS: Readonly<Record<Network['prefix'], number>> = { 24: 16, 48: 16, 56: 4 };

/**
 * The daily counters that a lead is counted on. Those of the visitor and of its networks come first: a requester that is beyond
 * its own maximum is told nothing of the number or the site. A partner's lead is not counted by address, because the address of
 * its back end stands for many visitors.
 */
export function capsFor(
  hashing: Hashing,
  maxima: DailyMaxima,
  { site }: Lead,
  phoneHash: Buffer,
  requester: IdempotencyScope,
): readonly Cap[] {
  const { phone, phone_total, site: ofSite } = capKeys(hashing, site, phoneHash);
  return [
    ...(requester.kind === 'visitor' ? visitorCaps(hashing, maxima, site, requester) : []),
    { kind: 'phone', key: phone, max: maxima.phone },
    { kind: 'phone_total', key: phone_total, max: maxima.phoneTotal },
    { kind: 'site', key: ofSite, max: maxima.site },
  ];
}

/** A network has at most half of the site's cap, so that no single one uses it up, and never less than one visitor has. */
function visitorCaps(
  hashing: Hashing,
  { visitor, site: ofSite }: DailyMaxima,
  site: string,
  { address, networks = [] }: IdempotencyScope,
): readonly Cap[] {
  const half = Math.floor(ofSite / 2);
  return [
    { kind: 'visitor', key: hashing.visitorCap(site, address), max: visitor },
    ...networks.map(
      ({ name, prefix }): Cap => ({
        kind: 'visitor',
        key: hashing.visitorCap(site, name),
        max: Math.max(visitor, Math.min(visitor * NETWORK_FACTORS[prefix], half)),
      }),
    ),
  ];
}

/** The keys of the counters of a lead's number and site. */
export function capKeys(hashing: Hashing, site: string, phoneHash: Buffer): Readonly<Record<CapKind, Buffer>> {
  return {
    phone: hashing.phoneCap(site, phoneHash),
    phone_total: hashing.phoneTotalCap(phoneHash),
    site: hashing.siteCap(site),
  };
}

/** The refusal of a lead beyond ten times the cap of its number or site, or beyond the daily maximum of a visitor or network. */
export function overCap(kind: Cap['kind'], now: number): Refusal {
  const retryAfterS = secondsToNextDay(now);
  switch (kind) {
    case 'phone':
    case 'phone_total':
      return new Refusal('phone_limit_reached', 'Too many requests for this number today.', { retryAfterS });
    case 'site':
      return new Refusal('site_limit_reached', 'Too many requests for this site today.', { retryAfterS });
    case 'visitor':
      return new Refusal('rate_limited', 'Too many requests from this address or its network today.', { retryAfterS });
  }
}
