import { DEFAULT_REGION } from './defaults.ts';
import type { Provider, Settings } from './settings.ts';

/** Provider accounts as they are configured now. */
export interface Accounts {
  /** @throws where there is no such account (any more): a lead may be older than the configuration */
  get(id: string): Provider;
  ids(): readonly string[];
  /** Of an account that is gone too, so that its leads have a place to wait. */
  region(id: string): string;
}

/**
 * @param settings as they are now
 * @param simulator where the bundled simulator listens, which plays all accounts of the demo
 */
export function createAccounts(settings: () => Pick<Settings, 'providers'>, simulator?: string): Accounts {
  const find = (id: string): Provider | undefined => settings().providers.get(id);
  return {
    get(id) {
      const account = find(id);
      if (!account) throw new Error(`There is no provider account ${id} in the configuration.`);
      return simulator === undefined ? account : { ...account, url: simulator };
    },
    ids: () => [...settings().providers.keys()],
    region: (id) => find(id)?.region ?? DEFAULT_REGION,
  };
}
