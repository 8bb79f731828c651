import type { Settings } from '../config/settings.ts';
import type { ProviderAccount } from '../domain/provider.ts';
import type { Hashing } from '../leads/hashing.ts';

/**
 * Gives a hash of what a provider account logs in with now; `undefined` for one that is gone. Each attempt asks, so the hash is
 * made once for as long as the settings stay.
 */
export function createCredentials(
  settings: () => Pick<Settings, 'providers'>,
  hashing: Pick<Hashing, 'credentials'>,
): (provider: string) => string | undefined {
  const hashes = new WeakMap<ProviderAccount, string>();
  return (id) => {
    const account = settings().providers.get(id);
    if (!account) return undefined;
    const known = hashes.get(account);
    if (known !== undefined) return known;
    const hash = hashing.credentials(account.providerId, account.username, account.password);
    hashes.set(account, hash);
    return hash;
  };
}
