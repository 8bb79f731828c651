import type { Settings } from '../../config/settings.ts';
import type { Finding } from './finding.ts';
import { reach } from './reach.ts';

const TIMEOUT_MS = 5_000;

/** Every provider account's endpoint, each address asked once. No lead and no credential is sent. */
export async function checkProviders({ providers, simulator }: Settings): Promise<Finding[]> {
  if (simulator)
    return [{ name: 'provider', result: 'ok', detail: 'the bundled simulator, which starts with the gateway' }];
  const accounts = new Map<string, string[]>();
  for (const { id, url } of providers.values()) accounts.set(url, [...(accounts.get(url) ?? []), id]);
  return Promise.all(
    [...accounts].map(async ([url, ids]) => ({
      name: `provider ${ids.join(', ')}`,
      ...(await reach(url, TIMEOUT_MS)),
    })),
  );
}
