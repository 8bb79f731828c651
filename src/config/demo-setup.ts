import { environmentProvider, environmentWire, givenCredentials, missingCredentials } from './account.ts';
import { DEFAULT_FORM, DEFAULT_PROVIDER, DEFAULT_REGION, DEMO_CREDENTIALS } from './defaults.ts';
import type { Environment } from './environment.ts';
import { isLoopback } from './formats/endpoint.ts';
import type { Problem } from './problem.ts';
import type { Values } from './schema/variables.ts';
import type { Provider, Site } from './settings.ts';
import type { Setup } from './setup.ts';

/** Takes leads of any page for any target, and is therefore never let near the real provider. */
const DEMO_SITE: Site = {
  key: 'demo',
  name: 'Demo',
  origins: '*',
  targets: { advertiserIds: '*', merchantIds: '*' },
  country: 'US',
  countries: new Set(['US']),
  consentRequired: false,
  form: DEFAULT_FORM,
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
      providers: new Map([[DEFAULT_PROVIDER, environmentProvider(values) ?? simulatedProvider(values)]]),
    }),
  };
}

/** An account without an address to call is one of the real provider's. */
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

/** The account that the bundled simulator knows; its address is known for certain once the simulator listens. */
function simulatedProvider(values: Values): Provider {
  return {
    id: DEFAULT_PROVIDER,
    region: DEFAULT_REGION,
    url: `http://127.0.0.1:${values.SIMULATOR_PORT}/MobileTextConnectRestService.svc/InitiateMobileTextConversation`,
    ...DEMO_CREDENTIALS,
    wire: environmentWire(values),
  };
}
