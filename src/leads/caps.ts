import type { Lead } from '../domain/lead.ts';
import type { Cap } from '../domain/ports/lead-store.ts';
import { Refusal } from '../domain/refusal.ts';
import { secondsToNextDay } from '../lib/clock.ts';
import type { Hashing } from './hashing.ts';
import type { IdempotencyScope } from './request-identity.ts';

export type DailyMaxima = { readonly phone: number; readonly site: number; readonly visitor: number };

/**
 * The daily counters that a lead is counted on. A partner's lead is not counted by address, because the address of its back
 * end stands for many visitors.
 */
export function capsFor(
  hashing: Hashing,
  maxima: DailyMaxima,
  { site }: Lead,
  phoneHash: Buffer,
  caller: IdempotencyScope,
): readonly Cap[] {
  const caps: Cap[] = [
    { kind: 'phone', key: hashing.phoneCap(site, phoneHash), max: maxima.phone },
    { kind: 'site', key: hashing.siteCap(site), max: maxima.site },
  ];
  if (caller.kind === 'visitor')
    caps.push({ kind: 'visitor', key: hashing.visitorCap(site, caller.address), max: maxima.visitor });
  return caps;
}

/** The refusal of a lead beyond ten times the cap of its number or site, or beyond a visitor's daily maximum. */
export function overCap(kind: Cap['kind'], now: number): Refusal {
  const retryAfterS = secondsToNextDay(now);
  switch (kind) {
    case 'phone':
      return new Refusal('phone_limit_reached', 'Too many requests for this number today.', { retryAfterS });
    case 'site':
      return new Refusal('site_limit_reached', 'Too many requests for this site today.', { retryAfterS });
    case 'visitor':
      return new Refusal('rate_limited', 'Too many requests from this address today.', { retryAfterS });
  }
}
