import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defined } from '../lib/values.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { toCidr } from './formats/addresses.ts';
import { redisServer } from './formats/databases.ts';
import { checkDemoHosts, isProduction, publicHost, warnOfMode } from './mode.ts';
import { boundConnections } from './open-files.ts';
import { ConfigurationError, LISTED_MISTAKES, type Problem } from './problem.ts';
import { missingCredentials } from './providers.ts';
import type { ReadFile } from './read-file.ts';
import {
  buildAdmin,
  buildDatabase,
  buildKeys,
  checkAdmin,
  checkDatabaseFiles,
  checkKeys,
  checkTls,
  checkTokens,
  tlsFiles,
  warnOfCaps,
  warnOfDatabase,
  warnOfRedis,
  warnOfTokens,
} from './rules.ts';
import type { Values } from './schema/variables.ts';
import type { Settings } from './settings.ts';
import { demoSetup, fileSetup, type Setup, unusable } from './setups.ts';

export { ConfigurationError } from './problem.ts';

/**
 * Settings, with warnings and the files that they were read from.
 * - `warnings`: what an operator should look at although nothing is refused, such as a misspelt variable
 * - `files`: absolute paths of the files that settings were read from, which are those to watch; those of `TLS_*_FILE` are
 *   the listener's to watch
 */
export type LoadedSettings = Settings & { readonly warnings: readonly Problem[]; readonly files: readonly string[] };

/**
 * Reads all settings: variables, their `…_FILE` twins, and `CONFIG_FILE` with the files it names.
 *
 * @param env usually `process.env`; an empty variable counts as unset
 * @param options `readFile` gives a file's bytes, `cwd` is what relative paths of variables start from
 * @returns settings with every default applied and every path absolute, frozen
 * @throws ConfigurationError with every mistake, each with its setting and what would be right; never with a value
 */
export function loadSettings(
  env: NodeJS.ProcessEnv,
  options: { readonly readFile?: ReadFile; readonly cwd?: string } = {},
): LoadedSettings {
  const { readFile = readFileSync, cwd = process.cwd() } = options;
  const files = new Set<string>();
  const recorded: ReadFile = (path) => {
    files.add(path);
    return readFile(path);
  };
  const environment = readEnvironment(env, recorded, cwd);
  const setup = findSetup(environment, recorded, cwd);
  const before = [...environment.problems, ...checkTls(environment, readFile, cwd)];
  const after = [
    ...checkDemoHosts(environment),
    ...checkKeys(environment),
    ...checkAdmin(environment),
    ...checkTokens(environment),
    ...checkDatabaseFiles(environment, readFile, cwd),
  ];
  // Where not all can be listed, those of the file are left out: it is usually one slip of a generator, many times over.
  const ofSetup = setup.problems.slice(0, Math.max(0, LISTED_MISTAKES - before.length - after.length));
  const problems = [...before, ...ofSetup, ...after];
  const more = (setup.more ?? 0) + setup.problems.length - ofSetup.length;
  if (problems.length > 0) throw new ConfigurationError(problems, [...files], more);

  const { values, warnings } = environment;
  const built = setup.build();
  const connections = boundConnections(values.MAX_CONNECTIONS, readFile);
  return deepFreeze({
    production: isProduction(environment),
    listen: defined({ host: publicHost(environment), port: values.PORT, tls: tlsFiles(environment, cwd) }),
    maxConnections: connections.max,
    trustProxy: values.TRUST_PROXY.map(toCidr),
    visitorRate: { max: values.RATE_LIMIT_MAX, windowS: values.RATE_LIMIT_WINDOW_S },
    deliverWaitMs: values.DELIVER_WAIT_MS,
    upstreamTimeoutMs: values.UPSTREAM_TIMEOUT_MS,
    retry: {
      scheduleS: values.RETRY_SCHEDULE_S,
      unknown: values.UNKNOWN_OUTCOME,
      resendMax: values.UNKNOWN_RESEND_MAX,
    },
    dailyMax: {
      phone: values.PHONE_DAILY_MAX,
      phoneTotal: values.PHONE_DAILY_MAX_TOTAL,
      site: values.SITE_DAILY_MAX,
      visitor: values.VISITOR_DAILY_MAX,
    },
    keys: buildKeys(environment),
    retentionDays: values.RETENTION_DAYS,
    ...defined({ admin: buildAdmin(environment), metricsToken: values.METRICS_TOKEN }),
    metricsSites: values.METRICS_SITES,
    database: buildDatabase(environment, cwd),
    ...(values.REDIS_URL !== undefined && { redis: redisServer(values.REDIS_URL) }),
    ...(values.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && { tracing: buildTracing(values) }),
    logLevel: values.LOG_LEVEL,
    consolePort: values.CONSOLE_PORT,
    simulatorHost: values.SIMULATOR_HOST,
    simulatorPort: values.SIMULATOR_PORT,
    ...built,
    warnings: [
      ...warnOfMode(environment, built.sites),
      ...warnOfDatabase(environment, cwd),
      ...warnOfRedis(environment),
      ...warnOfCaps(environment, built.sites),
      ...(setup.warnings ?? []),
      ...warnOfTokens(environment),
      ...connections.warnings,
      ...warnings,
    ].slice(0, LISTED_MISTAKES),
    files: [...files],
  });
}

/** The values of the variables that OpenTelemetry names; the endpoint is set. */
function buildTracing({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = '',
  OTEL_EXPORTER_OTLP_HEADERS: headers,
  OTEL_SERVICE_NAME: serviceName,
  OTEL_TRACES_SAMPLER_ARG: ratio,
}: Values): NonNullable<Settings['tracing']> {
  const pairs =
    headers === undefined ? [] : headers.split(',').map((pair) => pair.split(/=(.*)/s, 2) as [string, string]);
  return {
    endpoint,
    headers: Object.fromEntries(pairs.map(([name, value]) => [name, decodeURIComponent(value)])),
    serviceName,
    ratio: Number(ratio),
  };
}

/**
 * What opening the database takes, and where the running gateway can be asked. `mistakes` are those of other settings, where
 * there are any.
 */
export type StorageSettings = Pick<Settings, 'database' | 'keys' | 'admin'> & {
  readonly mistakes?: ConfigurationError;
};

const STORAGE: readonly string[] = ['DATABASE_URL', 'DATABASE_POOL_MAX', 'DATA_KEY', 'DATA_KEY_PREVIOUS', 'HASH_KEY'];

/**
 * Reads the settings of the database and its keys, whatever the other settings say: an operator must be able to look at leads
 * and to erase them while somebody corrects a file of sites.
 *
 * @throws ConfigurationError with every mistake if one of them is in these settings
 */
export function loadStorage(
  env: NodeJS.ProcessEnv,
  { readFile = readFileSync, cwd = process.cwd() }: { readonly readFile?: ReadFile; readonly cwd?: string } = {},
): StorageSettings {
  try {
    const { database, keys, admin } = loadSettings(env, { readFile, cwd });
    return { database, keys, ...defined({ admin }) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const environment = readEnvironment(env, readFile, cwd);
    const problems = [...environment.problems, ...checkKeys(environment)].map(({ setting }) => setting);
    const unusable = problems.some((setting) => STORAGE.includes(setting.replace(/_FILE$/, '')));
    if (unusable || checkDatabaseFiles(environment, readFile, cwd).length > 0) throw error;
    const admin = checkAdmin(environment).length === 0 ? buildAdmin(environment) : undefined;
    return {
      database: buildDatabase(environment, cwd),
      keys: buildKeys(environment),
      mistakes: error,
      ...defined({ admin }),
    };
  }
}

/** Uses `CONFIG_FILE` if it is set; otherwise the demo outside production. */
function findSetup(environment: Environment, readFile: ReadFile, cwd: string): Setup {
  const { CONFIG_FILE: path } = environment.values;
  if (path !== undefined) return fileSetup(environment, readFile, resolve(cwd, path));
  if (environment.given('CONFIG_FILE')) return unusable([]);
  return isProduction(environment) ? unusable(missingInProduction(environment)) : demoSetup(environment);
}

function missingInProduction(environment: Environment): Problem[] {
  return [
    {
      setting: 'CONFIG_FILE',
      problem: 'is not set, and production has no demo site',
      fix: 'set it to the path of a file of sites',
    },
    ...missingCredentials(
      environment,
      'and production has no demo account',
      'set it, or define an account in CONFIG_FILE',
    ),
  ];
}

/**
 * Freezes objects and lists recursively, also inside the values of maps. Maps, sets and buffers cannot be frozen; their types
 * are read-only.
 */
function deepFreeze<T>(value: T): T {
  if (value instanceof Map) for (const item of value.values()) deepFreeze(item);
  if (!isPlain(value)) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
