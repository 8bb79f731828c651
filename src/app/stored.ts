import type { Logger } from 'pino';
import {
  buildStoredAccount,
  buildStoredPartner,
  buildStoredSite,
  type EntryContext,
  GROUPS,
} from '../config/entries.ts';
import { ConfigurationError, firstNames, type Problem } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { createStoredEntries, type StoredEntries, type StoredParts } from '../config/stored.ts';
import {
  ENTRY_KINDS,
  type EntryChange,
  type EntryKind,
  type EntryStore,
  type StoredEntry,
} from '../domain/ports/entry-store.ts';
import { systemClock as clock } from '../lib/clock.ts';

/** Keys of the file that are looked up in the store at once, and how long the event loop may then do other work. */
const CHUNK = 500;

/** Opens the entries of the store, and checks that the settings are not at odds with them. @throws ConfigurationError */
export async function openStored({
  outbox,
  settings,
  wires,
  log,
  onChange,
}: {
  readonly outbox: EntryStore;
  readonly settings: Settings;
  /** The wire profiles of accounts that do not say otherwise, as they are now. */
  readonly wires: () => Settings['wires'];
  readonly log: Logger;
  readonly onChange: () => void;
}): Promise<StoredEntries> {
  const stored = createStoredEntries({
    store: outbox,
    build: buildersWith(wires),
    onChange(changes) {
      log.info({ event: 'entries_changed', ...namesOfChanges(changes) }, 'stored entries changed');
      onChange();
    },
    onUnreadable: ({ kind, key }, err) =>
      log.error({ event: 'entry_unreadable', kind, key, err }, 'a stored entry cannot be used'),
    onFault: (err) => log.error({ event: 'entries_fault', err }, 'changes of stored entries cannot be read'),
    clock,
  });
  await checkAgainstStore(settings, outbox);
  await stored.start();
  const { counts } = stored.state();
  if (settings.sites.size + counts.site === 0)
    log.warn(
      { event: 'setting', setting: 'CONFIG_FILE' },
      'no site is configured, neither in CONFIG_FILE nor in the store',
    );
  if (counts.site + counts.partner + counts.provider > 0) log.info({ event: 'entries', ...counts }, 'stored entries');
  return stored;
}

/** Reads the partners and accounts of the store once. */
export async function readParts(store: EntryStore, settings: Settings): Promise<StoredParts> {
  const stored = createStoredEntries({
    store,
    build: buildersWith(() => settings.wires),
    onChange: () => undefined,
    onUnreadable: () => undefined,
    onFault: () => undefined,
    clock,
  });
  await stored.start();
  await stored.stop();
  return stored.parts();
}

function buildersWith(wires: () => Settings['wires']) {
  return {
    site: ({ key, content, secrets = {} }: StoredEntry) => buildStoredSite(key, content, secrets),
    partner: ({ key, content, secrets = {} }: StoredEntry) => buildStoredPartner(key, content, secrets),
    provider: ({ key, content, secrets = {} }: StoredEntry) => buildStoredAccount(key, content, secrets, wires()),
  };
}

/**
 * Checks the settings against the entries of the store: no entry may be in both, and an account that a stored site names must
 * exist.
 *
 * @throws ConfigurationError with every such mistake
 */
export async function checkAgainstStore(settings: Settings, store: EntryStore): Promise<void> {
  const { counts } = await store.entryState();
  const own = { site: settings.sites, partner: settings.partners, provider: settings.providers };
  const problems: Problem[] = [];
  for (const kind of ENTRY_KINDS) {
    if (counts[kind] === 0) continue;
    for (const key of await storedKeys(store, kind, [...own[kind].keys()]))
      problems.push({
        setting: `CONFIG_FILE: /${GROUPS[kind]}/${key}`,
        problem: `is in the store, too`,
        fix: `remove it from the file, or from the store with: gateway ${GROUPS[kind]} delete ${key}`,
      });
  }
  if (counts.site > 0) {
    const missing = (await store.usedKeys('provider')).filter((key) => !settings.providers.has(key));
    const stored = new Set(await storedKeys(store, 'provider', missing));
    for (const key of missing.filter((one) => !stored.has(one)))
      problems.push({
        setting: `CONFIG_FILE: /providers/${key}`,
        problem: 'is missing, and sites of the store are delivered through that account',
        fix: `define it, or change those sites first`,
      });
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
}

/** What entries are checked against, as it is configured now. */
export function entryContext(own: Settings, { partners, providers }: StoredParts): EntryContext {
  const groups = { site: own.sites, partner: own.partners, provider: own.providers };
  const owners = [...partners.values(), ...own.partners.values()].flatMap(({ id, keyHashes }) =>
    keyHashes.map((hash): [string, string] => [`sha256:${hash.toString('hex')}`, id]),
  );
  return {
    production: own.production,
    isElsewhere: (kind, key) => groups[kind].has(key),
    accounts: new Set([...own.providers.keys(), ...providers.keys()]),
    keyOwners: new Map(owners),
    privateHosts: own.privateHosts,
  };
}

async function storedKeys(store: EntryStore, kind: EntryKind, keys: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let start = 0; start < keys.length; start += CHUNK) {
    const entries = await store.readEntries(kind, keys.slice(start, start + CHUNK));
    found.push(...entries.map(({ key }) => key));
  }
  return found;
}

/** The names of changed entries for a line of the log. */
function namesOfChanges(changes: readonly EntryChange[]): { readonly changed: readonly string[] } {
  return { changed: firstNames([...new Set(changes.map(({ kind, key }) => `${GROUPS[kind]}/${key}`))]) };
}
