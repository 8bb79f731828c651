import { isDeepStrictEqual } from 'node:util';
import type { FailurePatterns } from '../domain/failure-pattern.ts';
import { accountOf, type ProviderAccount } from '../domain/provider.ts';
import { NO_STORED_SITES, type Site } from '../domain/site.ts';
import { derived } from '../lib/values.ts';
import { DEFAULT_REGION } from './defaults.ts';
import type { Settings } from './settings.ts';
import type { StoredEntries, StoredParts } from './stored.ts';

/** The settings of a running gateway. */
export type LiveSettings = {
  /** The settings now; one frozen object for each state of the configuration. */
  readonly current: () => Settings;
  /** An object whose fields always give the current values, for parts that read a field at each use. */
  readonly view: Settings;
  readonly replace: (next: Settings) => Replaced;
  /** The settings without the entries of the store. */
  readonly own: () => Settings;
  /** The retry rules of a site. */
  readonly retryRules: (site: string) => Settings['retry'];
  /** The patterns of failures for leads of a site and an account; none for those that are not configured any more. */
  readonly failurePatterns: (lead: { readonly site: string; readonly provider: string }) => FailurePatterns;
  /** The daily maxima of a site. */
  readonly dailyMax: (site: string) => Settings['dailyMax'];
  /** Whether any partner or site is told of changes of its leads. */
  readonly hasCallbacks: () => boolean;
};

/** Names of variables, or of entries of the file (`providers/europe`); never a value. */
export type Replaced = {
  /** Settings that changed and are in effect from now on. */
  readonly changed: readonly string[];
  /** Settings that differ from the running ones and take effect only after a restart. */
  readonly needsRestart: readonly string[];
};

type Named = Readonly<Record<string, unknown>>;
type Part = {
  readonly live: boolean;
  readonly named: (settings: Settings) => Named;
  /** Of entries: there may be many, so only those that differ are named. */
  readonly group?: Group;
};
type Group = 'sites' | 'partners' | 'operators' | 'providers';

const live = (named: Part['named']): Part => ({ live: true, named });
const fixed = (named: Part['named']): Part => ({ live: false, named });

const entriesOf = (group: Group): Part => ({ live: true, named: () => ({}), group });

/** Each part of the settings: whether it may change while the program runs, and the names of its values. */
const PARTS: { readonly [Key in keyof Settings]-?: Part } = {
  sites: entriesOf('sites'),
  partners: entriesOf('partners'),
  operators: entriesOf('operators'),
  providers: entriesOf('providers'),
  notifications: live(({ notifications }) => ({ notifications })),
  privateHosts: live(({ privateHosts }) => ({ allowPrivateHosts: privateHosts })),
  retry: live(({ retry }) => ({
    RETRY_SCHEDULE_S: retry.scheduleS,
    UNKNOWN_OUTCOME: retry.unknown,
    UNKNOWN_RESEND_MAX: retry.resendMax,
  })),
  dailyMax: live(({ dailyMax }) => ({
    PHONE_DAILY_MAX: dailyMax.phone,
    PHONE_DAILY_MAX_TOTAL: dailyMax.phoneTotal,
    SITE_DAILY_MAX: dailyMax.site,
    VISITOR_DAILY_MAX: dailyMax.visitor,
  })),
  // They have no name of their own: the accounts that they change are named.
  wires: live(() => ({})),
  visitorRate: live(({ visitorRate }) => ({
    RATE_LIMIT_MAX: visitorRate.max,
    RATE_LIMIT_WINDOW_S: visitorRate.windowS,
  })),
  retentionDays: live(({ retentionDays }) => ({ RETENTION_DAYS: retentionDays })),

  production: fixed(({ production }) => ({ NODE_ENV: production })),
  demo: fixed(({ demo }) => ({ CONFIG_FILE: demo })),
  simulator: fixed(({ simulator }) => ({ UPSTREAM_URL: simulator })),
  consolePort: fixed(({ consolePort }) => ({ CONSOLE_PORT: consolePort })),
  simulatorHost: fixed(({ simulatorHost }) => ({ SIMULATOR_HOST: simulatorHost })),
  simulatorPort: fixed(({ simulatorPort }) => ({ SIMULATOR_PORT: simulatorPort })),
  listen: fixed(({ listen }) => ({
    HOST: listen.host,
    PORT: listen.port,
    TLS_CERT_FILE: listen.tls?.certFile,
    TLS_KEY_FILE: listen.tls?.keyFile,
  })),
  maxConnections: fixed(({ maxConnections }) => ({ MAX_CONNECTIONS: maxConnections })),
  trustProxy: fixed(({ trustProxy }) => ({ TRUST_PROXY: trustProxy })),
  deliverWaitMs: fixed(({ deliverWaitMs }) => ({ DELIVER_WAIT_MS: deliverWaitMs })),
  upstreamTimeoutMs: fixed(({ upstreamTimeoutMs }) => ({ UPSTREAM_TIMEOUT_MS: upstreamTimeoutMs })),
  keys: fixed(({ keys }) => ({
    DATA_KEY: keys.data[0],
    DATA_KEY_PREVIOUS: keys.data.slice(1),
    HASH_KEY: keys.hash,
  })),
  admin: fixed(({ admin }) => ({ ADMIN_HOST: admin?.host, ADMIN_PORT: admin?.port, ADMIN_TOKEN: admin?.token })),
  metricsSites: fixed(({ metricsSites }) => ({ METRICS_SITES: metricsSites })),
  metricsToken: fixed(({ metricsToken }) => ({ METRICS_TOKEN: metricsToken })),
  database: fixed(({ database }) => {
    if (database.kind === 'sqlite') return { DATABASE_URL: database };
    const { poolMax, ...place } = database;
    return { DATABASE_URL: place, DATABASE_POOL_MAX: poolMax };
  }),
  redis: fixed(({ redis }) => ({ REDIS_URL: redis })),
  tracing: fixed(({ tracing }) => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: tracing?.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: tracing?.headers,
    OTEL_SERVICE_NAME: tracing?.serviceName,
    OTEL_TRACES_SAMPLER_ARG: tracing?.ratio,
  })),
  logLevel: fixed(({ logLevel }) => ({ LOG_LEVEL: logLevel })),
};

const keys = Object.keys(PARTS) as (keyof Settings)[];

const NOTHING: StoredParts = { partners: new Map(), providers: new Map() };
const NOTHING_STORED = { sites: NO_STORED_SITES, parts: () => NOTHING, state: () => ({ callbacks: false }) };

/** Holds the settings. Live parts can be replaced while the program runs; the others stay as they were at start. */
export function createLiveSettings(
  initial: Settings,
  stored: Pick<StoredEntries, 'sites' | 'parts'> & {
    readonly state: () => { readonly callbacks: boolean };
  } = NOTHING_STORED,
): LiveSettings {
  let own = initial;
  let parts = stored.parts();
  let current = withParts(own, parts);
  const now = (): Settings => {
    if (stored.parts() !== parts) {
      parts = stored.parts();
      current = withParts(own, parts);
    }
    return current;
  };
  /** `null`: there is no such site. `undefined`: it is not in memory. */
  const siteOf = (key: string): Site | null | undefined => own.sites.get(key) ?? stored.sites.peek(key);
  const hasOwnCallbacks = derived(
    () => own,
    ({ sites, partners }) =>
      [...sites.values(), ...partners.values()].some(({ callbacks = [] }) => callbacks.length > 0),
  );
  const getters = keys.map((key) => [key, { enumerable: true, get: () => now()[key] }]);
  return {
    current: now,
    own: () => own,
    view: Object.defineProperties({}, Object.fromEntries(getters)) as Settings,
    retryRules(site) {
      const { retry } = own;
      const found = siteOf(site);
      // Not in memory although it was read before the attempt: the storage failed. A person decides then.
      const unknown = found === undefined ? 'hold' : (found?.unknownOutcome ?? retry.unknown);
      return { ...retry, unknown };
    },
    failurePatterns: ({ site, provider }) => ({
      site: siteOf(site)?.failurePatterns ?? [],
      account: now().providers.get(accountOf(provider))?.failurePatterns ?? [],
    }),
    dailyMax: (site) => ({ ...own.dailyMax, ...siteOf(site)?.dailyMax }),
    hasCallbacks: () => hasOwnCallbacks() || stored.state().callbacks,
    replace(next) {
      const differing = keys.filter((key) => !isDeepStrictEqual(own[key], next[key]));
      const names = (wanted: boolean) =>
        differing.flatMap((key) => (PARTS[key].live === wanted ? namesOf(PARTS[key], own, next) : []));
      const needsRestart = names(false);
      // Settings that were validated by the rules of another mode (production or not) must not take effect in this one.
      if (next.production !== own.production) return { changed: [], needsRestart };
      const changed = names(true);
      const replaced = differing.filter((key) => PARTS[key].live).map((key) => [key, next[key]]);
      own = Object.freeze({ ...own, ...Object.fromEntries(replaced) });
      current = withParts(own, parts);
      return { changed, needsRestart };
    },
  };
}

/** The settings with the entries of the store. The file's come first, where an entry is in both. */
function withParts(own: Settings, { partners, providers }: StoredParts): Settings {
  if (partners.size + providers.size === 0) return own;
  return Object.freeze({
    ...own,
    partners: new Map([...partners, ...own.partners]),
    providers: new Map([...providers, ...own.providers]),
  });
}

/** The patterns that apply to leads of a site for an account. */
export function patternsFor(
  { sites, providers }: Pick<Settings, 'sites' | 'providers'>,
  { site, provider }: { readonly site: string; readonly provider: string },
): FailurePatterns {
  return {
    site: sites.get(site)?.failurePatterns ?? [],
    account: providers.get(accountOf(provider))?.failurePatterns ?? [],
  };
}

/** Names of all settings whose values differ; never a value. */
export function differingSettings(before: Settings, after: Settings): readonly string[] {
  return keys.flatMap((key) => namesOf(PARTS[key], before, after));
}

function namesOf({ named, group }: Part, current: Settings, next: Settings): string[] {
  if (group) return differingEntries(group, current[group], next[group]);
  const [before, after] = [named(current), named(next)];
  const all = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...all].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

function differingEntries(
  group: Group,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): string[] {
  const names: string[] = [];
  for (const [key, entry] of before) if (!isDeepStrictEqual(entry, after.get(key))) names.push(`${group}/${key}`);
  for (const key of after.keys()) if (!before.has(key)) names.push(`${group}/${key}`);
  return names;
}

/** The provider accounts as they are configured now. */
export interface Accounts {
  /** @throws Error if the account does not exist (any more): a lead may be older than the configuration */
  get(id: string): ProviderAccount;
  ids(): readonly string[];
  /** The region of an account; the default one for an account that is no longer configured. */
  region(id: string): string;
  /** The origin of the URL that an account's leads are sent to: the host that can be away. A removed account has none to call. */
  endpoint(id: string): string;
  /** The hash of the credentials of an account, or of that of a test provider; `undefined` for an account that is no longer configured. */
  credentials(id: string): string | undefined;
}

/** Stands for the endpoint of removed accounts. Their leads are parked without a call, so its breaker never opens. */
const REMOVED = 'none';

/**
 * @param hash keyed hash of an account's credentials. Every attempt asks for it, so each account is hashed once until the
 *   settings change
 * @param simulator URL of the bundled simulator, which answers for all accounts of the demo
 */
export function createAccounts(
  settings: () => Pick<Settings, 'providers'>,
  hash: (account: ProviderAccount) => string,
  simulator?: string,
): Accounts {
  const hashes = new WeakMap<ProviderAccount, string>();
  const endpoints = new WeakMap<ProviderAccount, string>();
  const find = (id: string): ProviderAccount | undefined => settings().providers.get(id);
  return {
    get(id) {
      const account = find(id);
      if (!account) throw new Error(`There is no provider account ${id} in the configuration.`);
      return simulator === undefined ? account : { ...account, url: simulator };
    },
    ids: () => [...settings().providers.keys()],
    region: (id) => find(id)?.region ?? DEFAULT_REGION,
    endpoint(id) {
      const account = find(id);
      if (!account) return REMOVED;
      const known = endpoints.get(account);
      if (known !== undefined) return known;
      const { origin } = new URL(simulator ?? account.url);
      endpoints.set(account, origin);
      return origin;
    },
    credentials(id) {
      const account = find(accountOf(id));
      if (!account) return undefined;
      const known = hashes.get(account);
      if (known !== undefined) return known;
      const made = hash(account);
      hashes.set(account, made);
      return made;
    },
  };
}
