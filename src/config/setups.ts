import { dirname } from 'node:path';
import type { ProviderAccount } from '../domain/provider.ts';
import type { Site } from '../domain/site.ts';
import { shortList } from '../lib/text.ts';
import { defined } from '../lib/values.ts';
import { checkCallbacks, withCallbacks } from './callbacks.ts';
import { DEFAULT_FORM, DEFAULT_PROVIDER, DEFAULT_REGION, DEMO_CREDENTIALS } from './defaults.ts';
import { parseDocument } from './document.ts';
import type { Environment } from './environment.ts';
import { createFindings, type Findings, fileProblem } from './findings.ts';
import { isLoopback } from './formats/addresses.ts';
import { isProduction, orDevelopment } from './mode.ts';

import { buildNotifications, buildPrivateHosts, checkNotifications } from './notifications.ts';

import { buildOperators, checkOperators } from './operators.ts';

import { buildPartners, checkPartners } from './partners.ts';
import { LISTED_MISTAKES, type Problem } from './problem.ts';
import {
  buildProviders,
  checkProviders,
  environmentProvider,
  environmentWire,
  generalWires,
  givenCredentials,
  missingCredentials,
} from './providers.ts';
import { type ReadFile, readText } from './read-file.ts';
import { type FileContent, FileSchema } from './schema/file.ts';
import { compile } from './schema/validate.ts';
import type { Values } from './schema/variables.ts';
import type { Settings } from './settings.ts';
import { buildSites, checkSites } from './sites.ts';
import { checkWire, checkWireVariables } from './wire.ts';

/** Sites, partners and provider accounts, not yet built. `build` is called only when no problem was found anywhere. */
export type Setup = {
  /** The mistakes that are listed; those of the file come last. */
  readonly problems: readonly Problem[];
  /** What an operator should look at in the file although nothing is refused. */
  readonly warnings?: readonly Problem[];
  /** How many mistakes of the file are not listed. */
  readonly more?: number;
  readonly build: () => Pick<
    Settings,
    'demo' | 'simulator' | 'sites' | 'partners' | 'operators' | 'providers' | 'wires' | 'notifications' | 'privateHosts'
  >;
};

/** Makes a setup that has problems and cannot be built. */
export function unusable(problems: readonly Problem[], more = 0): Setup {
  return {
    problems,
    more,
    build: () => {
      throw new Error('A setup with problems cannot be built.');
    },
  };
}

/** The demo site takes leads from any page for any target, so it must never call the real provider. */
const DEMO_SITE: Site = {
  key: 'demo',
  name: 'Demo',
  origins: '*',
  targets: { advertiserIds: '*', merchantIds: '*' },
  country: 'US',
  countries: new Set(['US']),
  consentRequired: false,
  form: {
    ...DEFAULT_FORM,
    confirmNumber: true,
    phone: { placeholder: true, format: true },
    answerMinutes: 10,
    textingNotice: true,
  },
  provider: DEFAULT_PROVIDER,
};

/** Without `CONFIG_FILE`, outside production: one open site, on the bundled simulator or on a loopback `UPSTREAM_URL`. */
export function demoSetup(environment: Environment): Setup {
  const { values } = environment;
  const simulator = !environment.given('UPSTREAM_URL');
  return {
    problems: simulator ? refuseAccount(environment) : checkUpstream(environment),
    build: () => ({
      demo: true,
      simulator,
      sites: new Map([[DEMO_SITE.key, DEMO_SITE]]),
      partners: new Map(),
      privateHosts: new Set(),
      wires: { environment: environmentWire(values) },
      operators: new Map(),
      providers: new Map([[DEFAULT_PROVIDER, environmentProvider(values) ?? simulatedProvider(values)]]),
    }),
  };
}

/** Refuses account settings without an `UPSTREAM_URL`, because they would belong to the real provider. */
function refuseAccount(environment: Environment): Problem[] {
  const real = [...givenCredentials(environment), ...(environment.given('UPSTREAM_REGION') ? ['UPSTREAM_REGION'] : [])];
  return real.map((setting) => ({
    setting,
    problem: 'is set without CONFIG_FILE, and the open demo site must not call a real provider',
    fix: 'set CONFIG_FILE too, or UPSTREAM_URL to a loopback address, or unset this one for the bundled simulator',
  }));
}

function checkUpstream(environment: Environment): Problem[] {
  const { UPSTREAM_URL: url } = environment.values;
  if (url !== undefined && !isLoopback(new URL(url))) {
    return [
      {
        setting: 'UPSTREAM_URL',
        problem: 'is no loopback address, and without CONFIG_FILE the open demo site must not call a real provider',
        fix: 'set CONFIG_FILE too, or use a loopback address such as http://127.0.0.1:9000/, or unset it for the bundled simulator',
      },
    ];
  }
  return missingCredentials(environment, 'and UPSTREAM_URL is to be called with it', 'set it, or unset UPSTREAM_URL');
}

/** The account that the bundled simulator accepts. Its port is final only once the simulator listens. */
function simulatedProvider(values: Values): ProviderAccount {
  return {
    id: DEFAULT_PROVIDER,
    region: DEFAULT_REGION,
    url: `http://127.0.0.1:${values.SIMULATOR_PORT}/MobileTextConnectRestService.svc/InitiateMobileTextConversation`,
    ...DEMO_CREDENTIALS,
    wire: environmentWire(values),
  };
}

/** Compiled once for the file and for entries of the store: it takes a tenth of a second, which no request shall wait for. */
export const validateFile = compile(FileSchema);

/** In characters: some 40,000 sites. To check such a file takes seconds and hundreds of megabytes. */
const LARGEST_FILE = 16 * 1024 * 1024;

/** Reads the configuration file at an absolute path, and adds the default account of the environment. */
export function fileSetup(environment: Environment, readFile: ReadFile, path: string): Setup {
  const read = readText(readFile, path);
  if ('mistake' in read) return unusable([{ setting: 'CONFIG_FILE', ...read.mistake }]);
  if (read.text.length > LARGEST_FILE) {
    return unusable([
      {
        setting: 'CONFIG_FILE',
        problem: `is larger than ${LARGEST_FILE / 1024 / 1024} MiB`,
        fix: 'keep sites in the store instead (docs/sites.md)',
      },
    ]);
  }
  const document = parseDocument(read.text);
  if ('syntax' in document) {
    const listed = document.syntax.slice(0, LISTED_MISTAKES);
    return unusable(
      listed.map((mistake) => fileProblem(mistake, mistake.place)),
      document.syntax.length - listed.length,
    );
  }

  const findings = createFindings(document, validateFile(document.value));
  // Only values that `findings.sound` confirms have this type; the checks skip all others.
  const content = document.value as FileContent;
  if (!findings.sound('')) return unusable(findings.problems(), Math.max(0, findings.count() - LISTED_MISTAKES));

  const { values } = environment;
  const variables = givenCredentials(environment);
  const files = { directory: dirname(path), readFile };
  checkWire('', content.wire, findings);
  checkWireVariables(environment, content, findings);
  const credentials = checkProviders(content, findings, { environment: variables, files });
  const accounts = new Set(findings.sound('/providers') ? Object.keys(content.providers ?? {}) : []);
  if (variables.length > 0) accounts.add(DEFAULT_PROVIDER);
  const production = isProduction(environment);
  checkSites(content, findings, { production, accounts, orDevelopment: orDevelopment(environment) });
  checkPartners(content, findings);
  const receivers = checkNotifications(content, findings, files);
  checkOperators(content, findings, environment);
  const callbacks = checkCallbacks(content, findings, files);
  const listed = findings.problems();
  return {
    problems: [...checkDefaultAccount(environment, content, findings, accounts), ...listed],
    more: findings.count() - listed.length,
    warnings: findings.warnings(),
    build: () => ({
      demo: false,
      simulator: false,
      sites: withCallbacks('sites', buildSites(content), callbacks),
      partners: withCallbacks('partners', buildPartners(content), callbacks),
      operators: buildOperators(content),
      providers: buildProviders(content, credentials, values),
      privateHosts: buildPrivateHosts(content),
      wires: generalWires(content, values),
      ...defined({ notifications: buildNotifications(content, receivers) }),
    }),
  };
}

/** Checks that the default account is complete if any part of it is set, and set if a site uses it. */
function checkDefaultAccount(
  environment: Environment,
  content: FileContent,
  findings: Findings,
  accounts: ReadonlySet<string>,
): Problem[] {
  if (givenCredentials(environment).length > 0) {
    return missingCredentials(
      environment,
      'and the account is not complete without it',
      'set all three PROVIDER_*, or none',
    );
  }
  const idle = (['UPSTREAM_URL', 'UPSTREAM_REGION'] as const).filter(environment.given).map((setting) => ({
    setting,
    problem: 'belongs to the account of PROVIDER_*, and that is not set',
    fix: 'set PROVIDER_*, or write url and region into the accounts of CONFIG_FILE',
  }));
  const user = accounts.has(DEFAULT_PROVIDER) ? undefined : firstUser(content, findings);
  if (user === undefined) return idle;
  const others = accounts.size === 0 ? '' : `, or name one of ${shortList([...accounts])} in the site`;
  const fix = `set it, or define /providers/${DEFAULT_PROVIDER} in CONFIG_FILE${others}`;
  return [...idle, ...missingCredentials(environment, `and the site ${user} is delivered through that account`, fix)];
}

function firstUser(content: FileContent, findings: Findings): string | undefined {
  if (!findings.sound('/sites')) return undefined;
  const { sites = {} } = content;
  return Object.keys(sites).find((key) => {
    if (!findings.sound(`/sites/${key}/provider`)) return false;
    return (sites[key]?.provider ?? DEFAULT_PROVIDER) === DEFAULT_PROVIDER;
  });
}
