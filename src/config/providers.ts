import { defined } from '../conversation/defined.ts';
import { REGION_URLS } from '../conversation/provider-account.ts';
import { environmentProvider, environmentWire } from './account.ts';
import { type Credentials, findCredentials, type SecretFiles } from './credentials.ts';
import { DEFAULT_PROVIDER, DEFAULT_REGION } from './defaults.ts';
import type { Findings } from './findings.ts';
import type { FileContent } from './schema/file.ts';
import type { ProviderContent } from './schema/provider.ts';
import type { Values } from './schema/variables.ts';
import type { Provider } from './settings.ts';

type FoundCredentials = ReadonlyMap<string, Credentials>;

/**
 * Checks what the schema cannot of the file's accounts, and gives their credentials by name.
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
    if (id === DEFAULT_PROVIDER && context.environment.length > 0) {
      findings.add(at, {
        problem: `is described by ${context.environment.join(', ')} already`,
        fix: 'unset those, or give this account another name',
      });
    }
    const credentials = findCredentials(at, provider, findings, context.files);
    if (credentials) found.set(id, credentials);
  }
  return found;
}

/** The accounts of an environment and a file in which nothing is wrong. */
export function buildProviders(
  content: FileContent,
  found: FoundCredentials,
  values: Values,
): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>();
  const fromEnvironment = environmentProvider(values);
  if (fromEnvironment) providers.set(fromEnvironment.id, fromEnvironment);
  for (const [id, credentials] of found) {
    const provider = content.providers?.[id];
    if (provider) providers.set(id, toProvider(id, provider, credentials, values));
  }
  return providers;
}

function toProvider(id: string, provider: ProviderContent, credentials: Credentials, values: Values): Provider {
  const region = provider.region ?? DEFAULT_REGION;
  const { root, namespace, order, contentType } = provider.xml ?? {};
  const own = defined({ root, namespace, order, contentType, listingFormat: provider.listingFormat });
  return {
    id,
    region,
    url: provider.url ?? REGION_URLS[region],
    providerId: provider.providerId,
    ...credentials,
    wire: { ...environmentWire(values), ...own },
  };
}
