import { existsSync } from 'node:fs';
import { ConfigurationError, type LoadedSettings, loadSettings } from '../../config/load.ts';
import { formatProblem } from '../../config/problem.ts';
import { StorageUnavailable } from '../../outbox/port.ts';
import type { Io, Session } from '../command.ts';
import { plural } from '../print.ts';
import { checkButton } from './button.ts';
import { checkDatabase, checkPlace, checkSpace } from './database.ts';
import { type Finding, reasonOf } from './finding.ts';
import { checkClock, checkKeys, checkWaiting, checkYear } from './leads.ts';
import { checkProviders } from './providers.ts';

/** Looks at everything that the gateway needs, without sending a lead and without disturbing one that runs. */
export async function check(io: Pick<Io, 'env' | 'now'>, open: () => Promise<Session>): Promise<readonly Finding[]> {
  const { loaded, findings } = checkSettings(io.env);
  if (!loaded) return findings;
  const [storage, providers] = await Promise.all([checkStorage(loaded, io.now(), open), checkProviders(loaded)]);
  return [...findings, ...storage, ...checkButton(loaded), ...providers];
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
  { database: { path } }: LoadedSettings,
  now: number,
  open: () => Promise<Session>,
): Promise<Finding[]> {
  if (!existsSync(path)) return [checkPlace(path), checkSpace(path), checkYear(now)];
  try {
    const session = await open();
    const database = await checkDatabase(session);
    const space = checkSpace(path);
    return [
      database,
      space,
      await checkClock(session, now),
      await checkKeys(session),
      ...(await checkWaiting(session)),
    ];
  } catch (error) {
    const detail = error instanceof StorageUnavailable ? `${path} is not readable now` : reasonOf(error);
    return [{ name: 'database', result: 'problem', detail }, checkSpace(path), checkYear(now)];
  }
}
