import type { EntryKind, EntrySecrets, EntryUse, NewEntry } from '../domain/ports/entry-store.ts';
import type { ProviderAccount } from '../domain/provider.ts';
import type { WebhookReceiver } from '../domain/receiver.ts';
import type { Partner, Site } from '../domain/site.ts';
import { checkCallbacks } from './callbacks.ts';
import { DEFAULT_PROVIDER } from './defaults.ts';
import { type JsonDocument, parseDocument } from './document.ts';
import {
  type Content,
  type FormerEntry,
  fileMistakes,
  keepSecrets,
  mapPlaces,
  placesOf,
  SECRETS,
} from './entry-secrets.ts';
import { createFindings, type Findings } from './findings.ts';
import { buildPartners, checkPartners } from './partners.ts';
import { formatProblem, type Problem } from './problem.ts';
import { buildAccount, checkProviders } from './providers.ts';
import type { FileContent, PartnerContent, ProviderContent } from './schema/file.ts';
import type { SiteContent } from './schema/site.ts';
import type { GeneralWires } from './settings.ts';
import { validateFile } from './setups.ts';
import { buildSites, checkSites, suggest } from './sites.ts';

/** The group of the configuration file that entries of a kind stand in. */
export const GROUPS = { site: 'sites', partner: 'partners', provider: 'providers' } as const;

/** The rest of the configuration, as far as an entry may refer to it or contradict it. */
export type EntryContext = {
  readonly production: boolean;
  /** Whether the configuration file, or the environment, has an entry. */
  readonly isElsewhere: (kind: EntryKind, key: string) => boolean;
  /** All accounts, those of the store included. */
  readonly accounts: ReadonlySet<string>;
  /** The partner of each hash of a key, as the content writes it. */
  readonly keyOwners: ReadonlyMap<string, string>;
  readonly privateHosts: ReadonlySet<string>;
};

/** An entry that is to be stored, valid or not. */
export type CheckedEntry = { readonly entry: NewEntry } | { readonly problems: readonly string[] };

/**
 * Checks entries one after the other by the schema and the rules of the configuration file. Each may refer to those that were
 * checked before.
 */
export function createEntryChecker(context: EntryContext) {
  const accounts = new Set(context.accounts);
  const keyOwners = new Map(context.keyOwners);
  return {
    check(kind: EntryKind, key: string, text: string, former?: FormerEntry): CheckedEntry {
      const checked = checkEntry(kind, key, text, { ...context, accounts, keyOwners }, former);
      if (!('entry' in checked)) return checked;
      if (kind === 'provider') accounts.add(key);
      if (kind === 'partner') for (const hash of keyHashesOf(checked.entry.content)) keyOwners.set(hash, key);
      return checked;
    },
  };
}

/** The hashes of the keys in the content of a stored partner, as `EntryContext` has them. */
export function keyHashesOf(content: string): readonly string[] {
  return (JSON.parse(content) as PartnerContent).keys.map((hash) => hash.toLowerCase());
}

/**
 * Checks an entry for the store by the schema and the rules of the configuration file, with the same messages.
 *
 * @param text JSON, in which comments and trailing commas are allowed
 */
export function checkEntry(
  kind: EntryKind,
  key: string,
  text: string,
  context: EntryContext,
  former?: FormerEntry,
): CheckedEntry {
  const parsed = parseDocument(text);
  if ('syntax' in parsed) return { problems: parsed.syntax.map(({ place, ...mistake }) => lineOf('', mistake, place)) };
  const at = `/${GROUPS[kind]}/${key}`;
  if (context.isElsewhere(kind, key)) {
    const where = `there is a ${kind} ${key} in CONFIG_FILE or in the environment already`;
    return { problems: [`${where}; change it there, or remove it there first`] };
  }
  const value = keepSecrets(kind, parsed.value, former);
  const document = within(at, parsed, { [GROUPS[kind]]: { [key]: value } });
  const located = validateFile(document.value);
  const findings = createFindings(document, [...located, ...fileMistakes(kind, at, value)]);
  const content = document.value as FileContent;
  if (findings.sound(at)) checkRules(kind, key, content, findings, context);
  if (findings.count() > 0) return { problems: findings.problems().map((problem) => withoutPlace(problem, at)) };
  return { entry: toEntry(kind, key, value as Content, context) };
}

function checkRules(
  kind: EntryKind,
  key: string,
  content: FileContent,
  findings: Findings,
  { production, accounts, keyOwners, privateHosts }: EntryContext,
): void {
  const at = `/${GROUPS[kind]}/${key}`;
  if (kind === 'provider') checkProviders(content, findings, { environment: [], files: NO_FILES });
  if (kind === 'site') {
    checkSites(content, findings, { production, accounts, orDevelopment: '' });
    const named = content.sites?.[key]?.provider ?? DEFAULT_PROVIDER;
    if (named === DEFAULT_PROVIDER && !accounts.has(named) && findings.sound(`${at}/provider`))
      findings.add(`${at}/provider`, () => ({
        problem: `names no provider account: ${named}`,
        fix: suggest(named, accounts),
      }));
  }
  if (kind === 'partner') {
    const others = [...keyOwners].filter(([, owner]) => owner !== key);
    checkPartners(content, findings, { owners: new Map(others), stored: true });
  }
  checkCallbacks({ ...content, allowPrivateHosts: [...privateHosts] }, findings, NO_FILES);
}

/** No file is read for an entry of the store: another machine, or an operator far away, would decide which. */
const NO_FILES = {
  directory: '/',
  readFile: (): never => {
    throw new Error('An entry of the store names no file.');
  },
};

function toEntry(kind: EntryKind, key: string, value: Content, { isElsewhere }: EntryContext): NewEntry {
  const secrets: Record<string, string> = {};
  const content = mapPlaces(kind, value, (object, pointer) => {
    const rest = { ...object };
    for (const name of SECRETS[kind]) {
      const secret = rest[name];
      if (typeof secret === 'string') secrets[`${pointer}/${name}`] = secret;
      delete rest[name];
    }
    return rest;
  });
  const site = kind === 'site' ? (value as unknown as SiteContent) : undefined;
  const uses = usesOf(kind, value).map((use) => ({
    ...use,
    ...(isElsewhere(use.kind, use.key) && { elsewhere: true as const }),
  }));
  return {
    kind,
    key,
    title: site?.name ?? key,
    content: JSON.stringify(content),
    secrets,
    origins: site === undefined ? [] : [...new Set(site.origins)],
    uses,
    callbacks: kind === 'provider' ? 0 : placesOf(kind, value).length,
  };
}

/** What an entry refers to, each once. */
function usesOf(kind: EntryKind, value: Content): EntryUse[] {
  if (kind === 'site')
    return [{ kind: 'provider', key: (value as unknown as SiteContent).provider ?? DEFAULT_PROVIDER }];
  if (kind === 'provider') return [];
  const { sites, defaultSite } = value as unknown as PartnerContent;
  const keys = [...(Array.isArray(sites) ? sites : []), ...(defaultSite === undefined ? [] : [defaultSite])];
  return [...new Set(keys)].map((key) => ({ kind: 'site', key }));
}

/** The document of an entry as a part of a configuration file. */
function within(at: string, document: JsonDocument, value: unknown): JsonDocument {
  return {
    value,
    locate: (pointer) => document.locate(pointer.startsWith(at) ? pointer.slice(at.length) : ''),
    duplicates: document.duplicates.map((mistake) => ({ ...mistake, pointer: at + mistake.pointer })),
  };
}

/** The line of a problem, whose place is that in the entry itself. */
function withoutPlace({ setting, at, problem, fix }: Problem, group: string): string {
  const pointer = setting.replace('CONFIG_FILE: ', '').replace(group, '');
  return formatProblem({
    setting: pointer === '' ? 'the entry' : pointer,
    ...(at !== undefined && { at }),
    problem,
    fix,
  });
}

function lineOf(
  setting: string,
  mistake: { problem: string; fix: string },
  place: { line: number; column: number },
): string {
  return formatProblem({ setting: setting || 'the entry', at: `${place.line}:${place.column}`, ...mistake });
}

/** Builds a stored site. */
export function buildStoredSite(key: string, content: string, secrets: EntrySecrets): Site {
  const value = JSON.parse(content) as SiteContent;
  const site = buildSites({ sites: { [key]: value } } as FileContent).get(key) as Site;
  const callbacks = receiversOf(value.callbacks, secrets);
  return callbacks === undefined ? site : { ...site, callbacks };
}

/** Builds a stored partner. */
export function buildStoredPartner(id: string, content: string, secrets: EntrySecrets): Partner {
  const value = JSON.parse(content) as PartnerContent;
  const partner = buildPartners({ partners: { [id]: value } } as FileContent).get(id) as Partner;
  const callbacks = receiversOf(value.callbacks, secrets);
  return callbacks === undefined ? partner : { ...partner, callbacks };
}

/** Builds a stored account. @param wires the wire profiles of accounts that do not say otherwise */
export function buildStoredAccount(
  id: string,
  content: string,
  secrets: EntrySecrets,
  wires: GeneralWires,
): ProviderAccount {
  const value = JSON.parse(content) as ProviderContent;
  const { username } = value;
  const password = secrets['/password'];
  if (username === undefined || password === undefined) throw new Error(`The stored account ${id} has no credentials.`);
  return buildAccount(id, value, { username, password }, wires);
}

function receiversOf(
  callbacks: SiteContent['callbacks'],
  secrets: EntrySecrets,
): readonly WebhookReceiver[] | undefined {
  return callbacks?.map(({ url = '' }, index) => ({
    kind: 'webhook',
    url,
    secrets: [secrets[`/callbacks/${index}/secret`], secrets[`/callbacks/${index}/previousSecret`]].filter(
      (secret) => secret !== undefined,
    ),
  }));
}
