import type { Site } from '../domain/site.ts';
import { shortList } from '../lib/text.ts';
import type { Environment } from './environment.ts';
import { isLoopbackHost } from './formats/addresses.ts';
import type { Problem } from './problem.ts';

/**
 * Whether the rules of production hold. Production is the default beside a configuration file, because a forgotten variable
 * must not store plain text under a published key.
 */
export function isProduction({ values: { NODE_ENV }, given }: Environment): boolean {
  return NODE_ENV === 'production' || (given('CONFIG_FILE') && NODE_ENV !== 'development');
}

/** What to add to the fix of a mistake that only the rules of production make one. */
export function orDevelopment({ values: { NODE_ENV } }: Environment): string {
  return NODE_ENV === 'production' ? '' : '; or set NODE_ENV=development for a trial';
}

/** Whether there is no configuration file, so that one open demo site accepts leads from every client that reaches it. */
function isDemo(environment: Environment): boolean {
  return !environment.given('CONFIG_FILE') && !isProduction(environment);
}

const LOOPBACK_OF: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
const OPEN_DEMO = 'set CONFIG_FILE; or NODE_ENV=development where nobody else can reach the demo, as in a container';

/**
 * The address of the public listener. "Every address" becomes the loopback address for the demo, so that an image without
 * its configuration file takes no leads into a demo; NODE_ENV=development opens it.
 */
export function publicHost(environment: Environment): string {
  const { HOST, NODE_ENV } = environment.values;
  if (!isDemo(environment) || NODE_ENV === 'development') return HOST;
  return LOOPBACK_OF[HOST] ?? HOST;
}

/** Checks that the demo, its simulator and its operators' listener listen on loopback addresses only. */
export function checkDemoHosts(environment: Environment): Problem[] {
  const { values, given } = environment;
  const problems = checkSimulatorHost(environment);
  if (!isDemo(environment) || values.NODE_ENV === 'development') return problems;
  const hosts = [
    ['HOST', publicHost(environment)],
    ['ADMIN_HOST', given('ADMIN_PORT') ? values.ADMIN_HOST : '127.0.0.1'],
  ] as const;
  for (const [setting, host] of hosts) {
    if (isLoopbackHost(host)) continue;
    const problem = 'is not a loopback address, and without CONFIG_FILE there is only the open demo';
    problems.push({ setting, problem, fix: OPEN_DEMO });
  }
  return problems;
}

/**
 * The bundled simulator shows every lead to anybody who reaches it. It may therefore listen on more than loopback only in
 * the demo, and only where the demo itself does: in a container, whose published ports decide who reaches either.
 */
function checkSimulatorHost(environment: Environment): Problem[] {
  const { values, given } = environment;
  if (isLoopbackHost(values.SIMULATOR_HOST)) return [];
  const refused = (problem: string, fix: string): Problem[] => [
    { setting: 'SIMULATOR_HOST', problem: `is not a loopback address, and ${problem}`, fix },
  ];
  if (!isDemo(environment) || given('UPSTREAM_URL')) {
    return refused('only the demo runs the bundled simulator', 'unset it');
  }
  if (values.NODE_ENV !== 'development') {
    return refused(
      'the simulator shows every lead to anybody who reaches it',
      'unset it; or set NODE_ENV=development where nobody else can reach it, as in a container',
    );
  }
  if (!isLoopbackHost(values.HOST)) return [];
  return refused(
    'the demo itself listens on loopback (HOST) only',
    'unset it; in a container set HOST too, as the image does',
  );
}

/** Warns of everything that is open because the rules of production do not hold, and of a demo that is kept on loopback. */
export function warnOfMode(environment: Environment, sites: ReadonlyMap<string, Site>): Problem[] {
  const { values, given } = environment;
  if (values.NODE_ENV !== 'development') {
    const host = publicHost(environment);
    if (host === values.HOST) return [];
    return [
      {
        setting: 'HOST',
        problem: `is every address, and without CONFIG_FILE the demo listens on ${host} only`,
        fix: OPEN_DEMO,
      },
    ];
  }
  if (!given('CONFIG_FILE')) {
    if (isLoopbackHost(values.HOST)) return [];
    const problem = 'is development, so the open demo takes leads of anybody who reaches HOST';
    return [{ setting: 'NODE_ENV', problem, fix: 'let nobody else reach it, and set CONFIG_FILE for real leads' }];
  }
  const anybody = [...sites.values()].filter(({ origins }) => origins === '*').map(({ key }) => key);
  const open = [
    'the demo page is served',
    ...(given('DATA_KEY') ? [] : ['leads are stored in plain text (no DATA_KEY)']),
    ...(given('HASH_KEY') ? [] : ['phone numbers are hashed with a published key (no HASH_KEY)']),
    ...(anybody.length === 0 ? [] : [`any page may send leads of ${shortList(anybody)}`]),
  ];
  return [
    {
      setting: 'NODE_ENV',
      problem: `is development beside CONFIG_FILE, so the rules of production do not hold: ${open.join(', ')}`,
      fix: 'unset it for production',
    },
  ];
}
