import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { ConfigurationError, type LoadedSettings, loadSettings } from '../../config/load.ts';
import { formatProblem, formatProblems } from '../../config/problem.ts';
import { BUILT_WIDGET } from '../../http/routes/files.ts';
import { type Context, EXIT, type Io, type JsonOption } from '../command.ts';
import { type Finding, json, plural, table } from '../output.ts';
import type { Session } from '../session.ts';
import { checkRunning } from './delivery.ts';
import { checkEntries } from './entries.ts';
import { checkProviders, checkRedis } from './network.ts';
import { checkStorage } from './storage.ts';

/** `check`: checks everything that the gateway needs, and prints the findings. */
export function addCheckCommand(program: Command, context: Context): void {
  program
    .command('check')
    .description(
      "Checks settings, database, disk, clock, keys, the button's files, Redis and the way to the provider; sends no lead.",
    )
    .option('--json', 'print JSON of a stable shape')
    .addHelpText('after', '\nThe exit code is 1 where a line says problem. A warning is for a person to look at.')
    .action(async (options: JsonOption) => {
      const { io, open } = context;
      const checks = await check(io, open);
      const ok = checks.every(({ result }) => result !== 'problem');
      const rows = checks.map(({ name, result, detail }) => [result, name, detail]);
      io.out(options.json ? json({ ok, checks }) : table(['RESULT', 'CHECK', 'FOUND'], rows));
      context.exitCode = ok ? EXIT.ok : EXIT.failed;
    });
}

/** Checks everything that the gateway needs. It sends no lead and does not disturb a running gateway. */
export async function check(io: Pick<Io, 'env' | 'now'>, open: () => Promise<Session>): Promise<readonly Finding[]> {
  const { loaded, findings } = checkSettings(io.env);
  if (!loaded) return findings;
  const stored = await checkEntries(loaded, open);
  const [storage, running, redis, providers] = await Promise.all([
    checkStorage(loaded, io.now(), open),
    checkRunning(loaded),
    checkRedis(loaded),
    checkProviders({ ...loaded, providers: new Map([...stored.providers, ...loaded.providers]) }),
  ]);
  return [
    ...findings,
    ...checkPatterns(loaded),
    ...storage,
    ...stored.findings,
    ...running,
    ...checkButton(loaded),
    ...redis,
    ...providers,
  ];
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
      findings: formatProblems(error).map((detail): Finding => ({ name: 'settings', result: 'problem', detail })),
    };
  }
}

/** Shows where `failurePatterns` are set, because they decide before the built-in rules. */
function checkPatterns({ sites, providers }: LoadedSettings): Finding[] {
  const owners = [
    ...[...sites].map(([key, { failurePatterns }]) => ({ name: `site ${key}`, failurePatterns })),
    ...[...providers].map(([id, { failurePatterns }]) => ({ name: `account ${id}`, failurePatterns })),
  ];
  const shown = owners.flatMap(({ name, failurePatterns = [] }) =>
    failurePatterns.length === 0 ? [] : [`${failurePatterns.length} of the ${name}`],
  );
  return shown.length === 0 ? [] : [{ name: 'failure patterns', result: 'ok', detail: shown.join(', ') }];
}

/**
 * Checks whether the button's files exist, which the pages of sites load. Outside production they are bundled on request; production
 * has no bundler installed.
 */
export function checkButton({ production }: { readonly production: boolean }, folder = BUILT_WIDGET): Finding[] {
  if (!production) return [];
  if (existsSync(path.join(folder, 'v1.js'))) return [{ name: 'button', result: 'ok', detail: `in ${folder}` }];
  const detail = `${folder} has no v1.js, and pages get none: run npm run build:widget, or copy the folder from where it was built`;
  return [{ name: 'button', result: 'warning', detail }];
}
