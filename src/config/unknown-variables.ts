import { editDistance } from './nearest.ts';
import type { Problem } from './problem.ts';
import { VARIABLES, type Variable } from './schema/variables.ts';

/** Beginnings that other programs have no use for: what starts so and is unknown was meant for us. */
const PREFIXES = [
  'PROVIDER_',
  'UPSTREAM_',
  'RATE_LIMIT_',
  'LISTING_DETAILS_',
  'TRUST_PROXY',
  'CONFIG_FILE',
  'RETRY_SCHEDULE',
  'UNKNOWN_RESEND',
  'DATA_KEY',
  'HASH_KEY',
];

const names = Object.entries<Variable>(VARIABLES).flatMap(([name, row]) =>
  row.twin === false ? [name] : [name, `${name}_FILE`],
);
const known = new Set(names);

/**
 * Variables that look like misspelt settings of ours: by their beginning, or by being one slip away from one. They are
 * warned of and never refused, since the environment belongs to other programs too.
 */
export function warnOfUnknown(env: NodeJS.ProcessEnv): Problem[] {
  return Object.keys(env)
    .filter((name) => !known.has(name) && env[name] !== '')
    .flatMap((name) => {
      const meant = closest(name);
      if (meant === undefined) return [];
      return [{ setting: name, problem: 'is no setting of this program', fix: `did you mean ${meant}?` }];
    });
}

function closest(name: string): string | undefined {
  const ours = PREFIXES.some((prefix) => name.startsWith(prefix));
  // Most variables of an environment are nothing like ours, and every start would pay for measuring how far they are.
  const candidates = ours ? names : names.filter((candidate) => mayBeNear(name, candidate));
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .sort((left, right) => left.distance - right.distance);
  if (best === undefined) return undefined;
  return ours || (best.distance <= 1 && name.length >= 8) ? best.candidate : undefined;
}

function mayBeNear(name: string, candidate: string): boolean {
  return Math.abs(name.length - candidate.length) <= 1 || candidate.startsWith(name);
}

/** What was cut off after the first word counts as one letter: `UPSTREAM_TIMEOUT` means `UPSTREAM_TIMEOUT_MS`. */
function distanceOf(name: string, candidate: string): number {
  return name.includes('_') && candidate.startsWith(name) ? 1 : editDistance(name, candidate);
}
