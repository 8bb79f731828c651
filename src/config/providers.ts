import { type ProviderAccount, REGION_URLS } from '../domain/provider.ts';
import type { WireProfile } from '../domain/wire.ts';
import { defined } from '../lib/values.ts';
import { DEFAULT_PROVIDER, DEFAULT_REGION } from './defaults.ts';
import type { Environment } from './environment.ts';
import { buildFailurePatterns, checkFailurePatterns } from './failure-patterns.ts';
import type { Findings } from './findings.ts';
import type { Problem } from './problem.ts';
import type { FileContent, ProviderContent } from './schema/file.ts';
import { compile } from './schema/validate.ts';
import { Password, ProviderId, Username } from './schema/values.ts';
import type { Values } from './schema/variables.ts';
import type { GeneralWires } from './settings.ts';
import { readTwin, type SecretFiles } from './twins.ts';
import { buildWire, checkOneProfile, checkWire } from './wire.ts';

/** What an account of the file may hold beside the variables that describe it. */
const BESIDE_ENVIRONMENT: readonly string[] = ['failurePatterns', 'wire'];

const CREDENTIALS = ['PROVIDER_ID', 'PROVIDER_USERNAME', 'PROVIDER_PASSWORD'] as const;

/** The variables of the default account that are set; none if the environment describes no account. */
export function givenCredentials({ given }: Environment): readonly string[] {
  return CREDENTIALS.filter(given);
}

/** Reports each credential that is not set, with the reason why it is needed and the fix. */
export function missingCredentials({ given }: Environment, reason: string, fix: string): Problem[] {
  return CREDENTIALS.filter((name) => !given(name)).map((setting) => ({
    setting,
    problem: `is not set, ${reason}`,
    fix,
  }));
}

/** Builds the account of `PROVIDER_*` and `UPSTREAM_*`; undefined if a part is missing. */
export function environmentProvider(values: Values): ProviderAccount | undefined {
  const { PROVIDER_ID: providerId, PROVIDER_USERNAME: username, PROVIDER_PASSWORD: password } = values;
  if (providerId === undefined || username === undefined || password === undefined) return undefined;
  const region = values.UPSTREAM_REGION;
  const url = values.UPSTREAM_URL ?? REGION_URLS[region];
  return { id: DEFAULT_PROVIDER, region, url, providerId, username, password, wire: environmentWire(values) };
}

/** The wire profile of every account that does not say otherwise. */
export function environmentWire(values: Values): WireProfile {
  return defined({
    root: values.UPSTREAM_XML_ROOT,
    namespace: values.UPSTREAM_XML_NAMESPACE,
    order: values.UPSTREAM_XML_ORDER,
    contentType: values.UPSTREAM_CONTENT_TYPE,
    listingFormat: values.LISTING_DETAILS_FORMAT,
  });
}

export type Credentials = { readonly username: string; readonly password: string };

const validators = { username: compile(Username), password: compile(Password) };

/** Finds the credentials of the account at a pointer, inline or in files; `undefined` if they are invalid. */
function findCredentials(
  at: string,
  provider: ProviderContent,
  findings: Findings,
  files: SecretFiles,
): Credentials | undefined {
  const find = (name: keyof Credentials): string | undefined => {
    const { [name]: written, [`${name}File` as const]: path } = provider;
    return readTwin({ at, name, written, path, validate: validators[name] }, findings, files, true);
  };
  const [username, password] = [find('username'), find('password')];
  return username === undefined || password === undefined ? undefined : { username, password };
}

type FoundCredentials = ReadonlyMap<string, Credentials>;

/**
 * Checks what the schema cannot in the file's accounts, and returns their credentials by name.
 * `environment` are the variables that describe the default account; that may be described once only.
 */
export function checkProviders(
  content: FileContent,
  findings: Findings,
  context: { readonly environment: readonly string[]; readonly files: SecretFiles },
): FoundCredentials {
  const found = new Map<string, Credentials>();
  if (content.providers === undefined || !findings.sound('/providers')) return found;
  for (const [id, provider] of Object.entries(content.providers)) {
    const at = `/providers/${id}`;
    if (!findings.sound(at)) continue;
    checkFailurePatterns(at, provider.failurePatterns, findings);
    checkWire(at, provider.wire, findings);
    checkOneProfile(at, provider, findings);
    if (id === DEFAULT_PROVIDER && context.environment.length > 0) {
      if (Object.keys(provider).every((name) => BESIDE_ENVIRONMENT.includes(name))) continue;
      findings.add(at, {
        problem: `is described by ${context.environment.join(', ')} already`,
        fix: 'unset those, or give this account another name; only failurePatterns and wire may stand here beside them',
      });
    }
    if (provider.providerId === undefined && findings.sound(`${at}/providerId`)) {
      findings.add(`${at}/providerId`, { problem: 'is missing', fix: ProviderId.errorMessage });
    }
    const credentials = findCredentials(at, provider, findings, context.files);
    if (credentials) found.set(id, credentials);
  }
  return found;
}

/** Builds the accounts of a valid environment and file. */
export function buildProviders(
  content: FileContent,
  found: FoundCredentials,
  values: Values,
): ReadonlyMap<string, ProviderAccount> {
  const providers = new Map<string, ProviderAccount>();
  const fromEnvironment = environmentProvider(values);
  if (fromEnvironment) {
    const { wire = content.wire, ...own } = content.providers?.[DEFAULT_PROVIDER] ?? {};
    const failurePatterns = buildFailurePatterns(own.failurePatterns);
    const wireProfile = wire && buildWire(wire);
    providers.set(fromEnvironment.id, { ...fromEnvironment, ...defined({ failurePatterns, wire: wireProfile }) });
  }
  for (const [id, credentials] of found) {
    const provider = content.providers?.[id];
    if (provider) providers.set(id, buildAccount(id, provider, credentials, generalWires(content, values)));
  }
  return providers;
}

/** The wire profiles of accounts that do not say otherwise: that of the file, and else that of the environment. */
export function generalWires({ wire }: FileContent, values: Values): GeneralWires {
  return { environment: environmentWire(values), ...(wire && { file: buildWire(wire) }) };
}

/** The profile of an account: its own, that of the file, or that of the environment. `xml` changes parts of the last one. */
function wireOf(provider: ProviderContent, { environment, file }: GeneralWires): WireProfile {
  const { xml, listingFormat } = provider;
  if (provider.wire) return buildWire(provider.wire);
  if (file && xml === undefined && listingFormat === undefined) return file;
  const { root, namespace, order, contentType } = xml ?? {};
  return { ...environment, ...defined({ root, namespace, order, contentType, listingFormat }) };
}

/** Builds a valid account. */
export function buildAccount(
  id: string,
  provider: ProviderContent,
  credentials: Credentials,
  wires: GeneralWires,
): ProviderAccount {
  if (provider.providerId === undefined) throw new Error('an account without a providerId was checked as valid');
  const region = provider.region ?? DEFAULT_REGION;
  return {
    id,
    region,
    url: provider.url ?? REGION_URLS[region],
    providerId: provider.providerId,
    ...credentials,
    wire: wireOf(provider, wires),
    ...defined({ failurePatterns: buildFailurePatterns(provider.failurePatterns) }),
  };
}
