import { defined } from '../conversation/defined.ts';
import { REGION_URLS } from '../conversation/provider-account.ts';
import { DEFAULT_PROVIDER } from './defaults.ts';
import type { Environment } from './environment.ts';
import type { Problem } from './problem.ts';
import type { Values } from './schema/variables.ts';
import type { Provider, WireProfile } from './settings.ts';

const CREDENTIALS = ['PROVIDER_ID', 'PROVIDER_USERNAME', 'PROVIDER_PASSWORD'] as const;

/** The variables of the account that are set: none, unless the environment describes one. */
export function givenCredentials({ given }: Environment): readonly string[] {
  return CREDENTIALS.filter(given);
}

/** Says of each credential that is not set why it is needed, and what to do. */
export function missingCredentials({ given }: Environment, reason: string, fix: string): Problem[] {
  return CREDENTIALS.filter((name) => !given(name)).map((setting) => ({
    setting,
    problem: `is not set, ${reason}`,
    fix,
  }));
}

/** The account that `PROVIDER_*` and `UPSTREAM_*` describe, where nothing of it is missing. */
export function environmentProvider(values: Values): Provider | undefined {
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
