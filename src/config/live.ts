import { isDeepStrictEqual } from 'node:util';
import type { Settings } from './settings.ts';

/** The current settings, for parts that take `() => Settings`. */
export type LiveSettings = {
  readonly current: () => Settings;
  readonly replace: (next: Settings) => Replaced;
};

/** Names of variables, or of entries of the file (`providers/europe`); never a value. */
export type Replaced = {
  /** Settings that changed and are in effect from now on. */
  readonly changed: readonly string[];
  /** Settings that differ from the running ones and take effect only after a restart. */
  readonly needsRestart: readonly string[];
};

type Named = Readonly<Record<string, unknown>>;
type Part = { readonly live: boolean; readonly named: (settings: Settings) => Named };

const live = (named: Part['named']): Part => ({ live: true, named });
const fixed = (named: Part['named']): Part => ({ live: false, named });

/** Each part of the settings: whether it may change while the program runs, and the names of its values. */
const PARTS: { readonly [Key in keyof Settings]-?: Part } = {
  sites: live(({ sites }) => entries('sites', sites)),
  partners: live(({ partners }) => entries('partners', partners)),
  providers: live(({ providers }) => entries('providers', providers)),
  retry: live(({ retry }) => ({
    RETRY_SCHEDULE_S: retry.scheduleS,
    UNKNOWN_OUTCOME: retry.unknown,
    UNKNOWN_RESEND_MAX: retry.resendMax,
  })),
  dailyMax: live(({ dailyMax }) => ({
    PHONE_DAILY_MAX: dailyMax.phone,
    SITE_DAILY_MAX: dailyMax.site,
    VISITOR_DAILY_MAX: dailyMax.visitor,
  })),
  visitorRate: live(({ visitorRate }) => ({
    RATE_LIMIT_MAX: visitorRate.max,
    RATE_LIMIT_WINDOW_S: visitorRate.windowS,
  })),
  retentionDays: live(({ retentionDays }) => ({ RETENTION_DAYS: retentionDays })),

  production: fixed(({ production }) => ({ NODE_ENV: production })),
  demo: fixed(({ demo }) => ({ CONFIG_FILE: demo })),
  simulator: fixed(({ simulator }) => ({ UPSTREAM_URL: simulator })),
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
  metricsToken: fixed(({ metricsToken }) => ({ METRICS_TOKEN: metricsToken })),
  database: fixed(({ database }) => {
    if (database.kind === 'sqlite') return { DATABASE_URL: database };
    const { poolMax, ...place } = database;
    return { DATABASE_URL: place, DATABASE_POOL_MAX: poolMax };
  }),
  redis: fixed(({ redis }) => ({ REDIS_URL: redis })),
  logLevel: fixed(({ logLevel }) => ({ LOG_LEVEL: logLevel })),
};

const keys = Object.keys(PARTS) as (keyof Settings)[];

/** Holds the settings. Live parts can be replaced while the program runs; the others stay as they were at start. */
export function createLiveSettings(initial: Settings): LiveSettings {
  let current = initial;
  return {
    current: () => current,
    replace(next) {
      const differing = keys.filter((key) => !isDeepStrictEqual(current[key], next[key]));
      const names = (wanted: boolean) =>
        differing.flatMap((key) => (PARTS[key].live === wanted ? namesOf(PARTS[key], current, next) : []));
      const needsRestart = names(false);
      // Settings that were validated by the rules of another mode (production or not) must not take effect in this one.
      if (next.production !== current.production) return { changed: [], needsRestart };
      const changed = names(true);
      const replaced = differing.filter((key) => PARTS[key].live).map((key) => [key, next[key]]);
      current = Object.freeze({ ...current, ...Object.fromEntries(replaced) });
      return { changed, needsRestart };
    },
  };
}

function namesOf({ named }: Part, current: Settings, next: Settings): string[] {
  const [before, after] = [named(current), named(next)];
  const all = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...all].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

function entries(kind: string, map: ReadonlyMap<string, unknown>): Named {
  return Object.fromEntries([...map].map(([name, entry]) => [`${kind}/${name}`, entry]));
}
