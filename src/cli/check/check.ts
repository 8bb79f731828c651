import { existsSync } from 'node:fs';
import { ConfigurationError, type LoadedSettings, loadSettings } from '../../config/load.ts';
import { formatProblem } from '../../config/problem.ts';
import { nameOfPlace } from '../../outbox/open.ts';
import { EmptyDatabase, StorageUnavailable } from '../../outbox/ports/storage-errors.ts';
import type { Io, Session } from '../command.ts';
import { plural } from '../print.ts';
import { checkButton } from './button.ts';
import { checkDatabase, checkPlace, checkSpace } from './database.ts';
import { type Finding, reasonOf } from './finding.ts';
import { checkClock, checkKeys, checkWaiting, checkYear } from './leads.ts';
import { checkProviders } from './providers.ts';
import { checkRedis } from './redis.ts';

/** Looks at everything that the gateway needs, without sending a lead and without disturbing one that runs. */
export async function check(io: Pick<Io, 'env' | 'now'>, open: () => Promise<Session>): Promise<readonly Finding[]> {
  const { loaded, findings } = checkSettings(io.env);
  if (!loaded) return findings;
  const [storage, redis, providers] = await Promise.all([
    checkStorage(loaded, io.now(), open),
    checkRedis(loaded),
    checkProviders(loaded),
  ]);
  return [...findings, ...storage, ...checkButton(loaded), ...redis, ...providers];
}

function checkSettings(env: NodeJS.ProcessEnv): { loaded?: LoadedSettings; findings: Finding[] } {
  try {
    const loaded = loadSettings(env);
    const warnings = loaded.warnings.map(
      (warning): Finding => ({ name: 'settings', result: 'warning', detail: formatProblem(warning) }),
    );
    const { sites, partners, providers } = loaded;
    const counts = [
      plural(sites.size, 'site'),
      plural(partners.size, 'partner'),
      plural(providers.size, 'provider account'),
    ];
    const detail = counts.join(', ');
    return { loaded, findings: [{ name: 'settings', result: 'ok', detail }, ...warnings] };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return {
      findings: error.problems.map((problem) => ({
        name: 'settings',
        result: 'problem',
        detail: formatProblem(problem),
      })),
    };
  }
}

async function checkStorage(
  { database: place }: LoadedSettings,
  now: number,
  open: () => Promise<Session>,
): Promise<Finding[]> {
  const disk = place.kind === 'sqlite' ? () => [checkSpace(place.path)] : () => [];
  if (place.kind === 'sqlite' && !existsSync(place.path)) return [checkPlace(place.path), ...disk(), checkYear(now)];
  try {
    const session = await open();
    const database = await checkDatabase(session);
    return [
      database,
      ...disk(),
      await checkClock(session, now),
      await checkKeys(session),
      ...(await checkWaiting(session)),
    ];
  } catch (error) {
    return [unopened(error, nameOfPlace(place)), ...disk(), checkYear(now)];
  }
}

function unopened(error: unknown, name: string): Finding {
  if (error instanceof Error && error.cause instanceof EmptyDatabase)
    return {
      name: 'database',
      result: 'ok',
      detail: `${name} is empty yet; the gateway makes its tables at its start`,
    };
  const detail =
    error instanceof StorageUnavailable ? `${name} is not readable now (${reasonOf(error)})` : reasonOf(error);
  return { name: 'database', result: 'problem', detail };
}
