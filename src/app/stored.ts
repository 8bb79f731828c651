import type { Logger } from 'pino';
import {
  buildStoredAccount,
  buildStoredPartner,
  buildStoredSite,
  type EntryContext,
  GROUPS,
  keyHashesOf,
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
  const { kinds } = stored.state();
  if (settings.sites.size === 0 && !kinds.has('site'))
    log.warn(
      { event: 'setting', setting: 'CONFIG_FILE' },
      'no site is configured, neither in CONFIG_FILE nor in the store',
    );
  if (kinds.size > 0)
    log.info({ event: 'entries', kinds: [...kinds] }, 'entries of the configuration are in the store');
  return stored;
}

/** Reads the partners and accounts of the store once. @param onUnreadable is told of an entry that cannot be used */
export async function readParts(
  store: EntryStore,
  settings: Settings,
  onUnreadable: (entry: StoredEntry) => void = () => undefined,
): Promise<StoredParts> {
  const stored = createStoredEntries({
    store,
    build: buildersWith(() => settings.wires),
    onChange: () => undefined,
    onUnreadable,
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
 * Checks the settings against the entries of the store: no entry and no key of a partner may be in both, and an account that a
 * stored site names must exist.
 *
 * @throws ConfigurationError with every such mistake
 */
export async function checkAgainstStore(settings: Settings, store: EntryStore): Promise<void> {
  const { kinds } = await store.entryState();
  const own = { site: settings.sites, partner: settings.partners, provider: settings.providers };
  const problems: Problem[] = [];
  for (const kind of ENTRY_KINDS) {
    if (!kinds.has(kind)) continue;
    for (const key of await storedKeys(store, kind, [...own[kind].keys()]))
      problems.push({
        setting: `CONFIG_FILE: /${GROUPS[kind]}/${key}`,
        problem: `is in the store, too`,
        fix: `remove it from the file, or from the store with: gateway ${GROUPS[kind]} delete ${key}`,
      });
  }
  if (kinds.has('partner')) problems.push(...(await sharedKeys(settings, store)));
  if (kinds.has('site')) {
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

/** A key that partners of the file and of the store have: it would be the request's chance which of the two sends. */
async function sharedKeys({ partners }: Settings, store: EntryStore): Promise<readonly Problem[]> {
  const pointers = new Map<string, string>();
  for (const { id, keyHashes } of partners.values())
    for (const [index, hash] of keyHashes.entries())
      pointers.set(`sha256:${hash.toString('hex')}`, `/partners/${id}/keys/${index}`);
  const problems: Problem[] = [];
  for (let after: string | undefined; pointers.size > 0; ) {
    const page = await store.pageOfEntries('partner', { limit: CHUNK, ...(after !== undefined && { after }) });
    for (const { key, content } of page.items) {
      // One that is in both itself is reported as such.
      if (partners.has(key)) continue;
      for (const hash of keyHashesOf(content)) {
        const pointer = pointers.get(hash);
        if (pointer !== undefined)
          problems.push({
            setting: `CONFIG_FILE: ${pointer}`,
            problem: `is a key of the partner ${key} of the store, too`,
            fix: 'give each partner keys of its own',
          });
      }
    }
    if (page.next === undefined) break;
    after = page.next;
  }
  return problems;
}

/** The configuration that entries are checked against, as it is now. */
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
