import type { ProviderAccount } from '../domain/provider.ts';
import type { Settings } from './settings.ts';

/** Enough names to recognise a configuration, few enough for one log line. */
const NAMES_SHOWN = 20;

/**
 * Summarises the settings for the log line at start: numbers, names, and hosts of addresses. Never a credential, a key's hash,
 * a path of a secret, or an address beyond its host.
 */
export function describeSettings(settings: Settings) {
  const { listen, sites, partners, operators, providers } = settings;
  return {
    production: settings.production,
    listen: { host: listen.host, port: listen.port, tls: listen.tls !== undefined },
    maxConnections: settings.maxConnections,
    trustProxy: settings.trustProxy.slice(0, NAMES_SHOWN),
    visitorRate: settings.visitorRate,
    deliverWaitMs: settings.deliverWaitMs,
    upstreamTimeoutMs: settings.upstreamTimeoutMs,
    retry: settings.retry,
    dailyMax: settings.dailyMax,
    retentionDays: settings.retentionDays,
    encrypted: settings.keys.data.length > 0,
    admin: describeAdmin(settings),
    database: describeDatabase(settings),
    redis: describeRedis(settings),
    tracing: settings.tracing !== undefined && {
      host: new URL(settings.tracing.endpoint).host,
      ratio: settings.tracing.ratio,
    },
    logLevel: settings.logLevel,
    demo: settings.demo,
    simulator: settings.simulator,
    sites: describeNames(sites.keys()),
    openSites: describeNames([...sites.values()].filter(({ origins }) => origins === '*').map(({ key }) => key)),
    partners: describeNames(partners.keys()),
    operators: describeNames(operators.keys()),
    providers: [...providers.values()]
      .slice(0, NAMES_SHOWN)
      .map((provider) => describeProvider(provider, settings.simulator)),
    notified: describeNames(settings.notifications?.targets.keys() ?? []),
  };
}

function describeNames(names: Iterable<string>): { count: number; names: string[] } {
  const all = [...names];
  return { count: all.length, names: all.slice(0, NAMES_SHOWN) };
}

/** Without user and password. */
function describeDatabase({ database }: Settings) {
  if (database.kind === 'sqlite') return database;
  const { kind, host, port, database: name, tls, poolMax } = database;
  return { kind, host, port, name, tls: tls !== undefined, poolMax };
}

function describeAdmin({ admin, metricsToken }: Settings) {
  if (admin === undefined) return { on: false };
  return { on: true, host: admin.host, port: admin.port, metricsToken: metricsToken !== undefined };
}

function describeRedis({ redis }: Settings) {
  if (redis === undefined) return { on: false };
  const { host, port, tls, database } = redis;
  return { on: true, host, port, tls, database };
}

/** The bundled simulator's port is known only once it runs. */
function describeProvider({ id, region, url, wire }: ProviderAccount, simulator: boolean) {
  const { root, namespace = '', order, contentType, listingFormat, soap } = wire;
  return {
    id,
    region,
    host: simulator ? 'simulator' : new URL(url).host,
    root,
    namespace,
    order,
    contentType,
    listingFormat,
    ...(soap && { soap: soap.version }),
  };
}
