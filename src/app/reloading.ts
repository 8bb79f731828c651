import type { Logger } from 'pino';
import { createReloader } from '../config/background.ts';
import { ConfigurationError, type LoadedSettings } from '../config/load.ts';
import { firstNames, formatProblems } from '../config/problem.ts';
import { type SettingsWatch, watchSettings } from '../config/watch.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Gateway, startGateway } from './gateway.ts';
import type { RefusedSettings } from './services.ts';

type Parts = {
  readonly settings: LoadedSettings;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly version: string;
  /** Wraps what timers call, so that a defect in it does not end the process. */
  readonly guard?: (run: () => void) => () => void;
  readonly clock?: Clock;
};

/** Starts the gateway, and reads its settings anew when their files change. Mistakes in them leave the former ones in use. */
export async function startReloadingGateway({
  settings,
  env,
  log,
  version,
  guard = (run) => run,
  clock = systemClock,
}: Parts): Promise<{ readonly gateway: Gateway; readonly watch: SettingsWatch }> {
  let refused: RefusedSettings | undefined;
  const gateway = await startGateway(settings, log, version, () => refused, clock);
  let current = settings;
  const readAgain = createReloader(env, () => current);
  const watch = watchSettings({
    initial: settings,
    async load() {
      try {
        const next = await readAgain();
        await gateway.check(next);
        return next;
      } catch (err) {
        if (err instanceof ConfigurationError) throw err;
        log.error({ event: 'reload_fault', err }, 'the settings could not be read anew; they stay as they are');
        return current;
      }
    },
    onChange(next) {
      current = next;
      const { changed, needsRestart } = gateway.replace(next);
      const names = { changed: firstNames(changed), needsRestart: firstNames(needsRestart) };
      log.warn({ event: 'settings_replaced', ...names }, 'settings replaced');
    },
    onRefused(error) {
      const problems = formatProblems(error);
      const mistakes = error.problems.length + error.more;
      refused = { since: refused?.since ?? clock.now(), mistakes, problems };
      log.error(
        { event: 'settings_refused', mistakes, problems },
        'the new settings are invalid; the previous ones stay in use',
      );
    },
    onMended() {
      refused = undefined;
      log.warn({ event: 'settings_mended' }, 'the settings are all right again');
    },
    clock: { ...clock, after: (ms, run) => clock.after(ms, guard(run)) },
  });
  return { gateway, watch };
}
