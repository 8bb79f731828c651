import type { Provider, WireProfile } from '../../src/config/settings.ts';
import { DEFAULT_WIRE } from '../../src/upstream/wire-profile.ts';

/** A provider account under the default wire profile. */
export function account(changes: Partial<Provider> = {}, wire: Partial<WireProfile> = {}): Provider {
  return {
    id: 'default',
    region: 'na',
    url: 'http://127.0.0.1/',
    providerId: 4711,
    username: 'gateway',
    password: 'p&ss<word>',
    wire: { ...DEFAULT_WIRE, ...wire },
    ...changes,
  };
}
