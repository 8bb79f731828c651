import { checkEntry } from '../../src/config/entries.ts';
import type { NewEntry } from '../../src/domain/ports/entry-store.ts';
import { originOf, siteKeyOf } from './names.ts';

const CONTEXT = {
  production: false,
  isElsewhere: (kind: string) => kind === 'provider',
  accounts: new Set(['default']),
  keyOwners: new Map<string, string>(),
  privateHosts: new Set<string>(),
};

/** The content of a site of the benchmark, as a configuration file would have it. */
export function contentOf(n: number, name: string) {
  const origins = [originOf(n), `https://www.site-${n}.example`];
  return { name, origins, country: 'US', targets: { advertiserIds: ['1659', String(n)] } };
}

/** The same site as an entry of the store, checked as the admin API checks it. */
export function siteOf(n: number): NewEntry {
  const checked = checkEntry('site', siteKeyOf(n), JSON.stringify(contentOf(n, `Site ${n}`)), CONTEXT);
  if ('problems' in checked) throw new Error(checked.problems.join());
  return checked.entry;
}
