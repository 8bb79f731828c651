import type { Lead } from '../domain/lead.ts';
import type { Cap } from '../domain/ports/lead-store.ts';
import { Refusal } from '../domain/refusal.ts';
import { secondsToNextDay } from '../lib/days.ts';
import type { Hashing } from './hashing.ts';
import type { IdempotencyScope } from './request-identity.ts';

export type DailyMaxima = { readonly phone: number; readonly site: number; readonly visitor: number };

/** The counters of a lead by UTC day. A partner's back end is one address for many visitors: it is not counted as one. */
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

/** What a caller is told beyond ten times a cap, or beyond a visitor's day. */
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
