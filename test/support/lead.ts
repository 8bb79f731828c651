import { DEFAULT_FORM } from '../../src/config/defaults.ts';
import type { LeadRequest } from '../../src/domain/draft.ts';
import type { Lead } from '../../src/domain/lead.ts';
import type { Site } from '../../src/domain/site.ts';

/** A small complete lead; tests change the fields that they are about. */
export function lead(changes: Partial<Lead> = {}): Lead {
  return {
    site: 'demo',
    provider: 'default',
    target: { advertiserId: '1659' },
    targetFrom: 'caller',
    phone: { e164: '+14045551212', callingCode: '1', national: '4045551212' },
    ...changes,
  };
}

/** A site that accepts US numbers for any target, without consent. */
export function site(changes: Partial<Site> = {}): Site {
  return {
    key: 'demo',
    name: 'Demo',
    origins: '*',
    targets: { advertiserIds: '*', merchantIds: '*' },
    country: 'US',
    countries: new Set(['US']),
    consentRequired: false,
    form: DEFAULT_FORM,
    provider: 'default',
    ...changes,
  };
}

/** The smallest valid body. */
export function leadRequest(changes: Partial<LeadRequest> = {}): LeadRequest {
  return { advertiserId: '1659', consumer: { phone: '(404) 555-1212' }, ...changes };
}
