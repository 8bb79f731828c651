import { renameSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { type LoadedSettings, loadSettings } from '../../../src/config/load.ts';
import type { ConfigurationError } from '../../../src/config/problem.ts';
import { type SettingsWatch, watchSettings } from '../../../src/config/watch.ts';
import { type ManualClock, manualClock } from '../clock.ts';
import { fileWith, KEYS } from './load.ts';

/** Longer than it takes from a change to the settings that are made of it. */
export const NOTICED_MS = 1_500;

export type Watched = {
  readonly clock: ManualClock;
  /** Moves the clock to the next look at the files. */
  readonly nextLook: () => Promise<void>;
  readonly watch: SettingsWatch;
  /** The directory that relative paths start from. */
  readonly directory: string;
  readonly changes: LoadedSettings[];
  readonly refusals: ConfigurationError[];
  /** When settings were valid again after a refusal. */
  readonly mended: number[];
  /** How often settings were read since watching began. */
  readonly loads: () => number;
};

/**
 * Watches real files, by a clock that the test moves.
 *
 * @param beforeWatching runs between the first reading and the watching
 */
export function watched(
  t: Test,
  directory: string,
  env: NodeJS.ProcessEnv,
  beforeWatching: () => void = () => undefined,
): Watched {
  const clock = manualClock();
  const changes: LoadedSettings[] = [];
  const refusals: ConfigurationError[] = [];
  const mended: number[] = [];
  let loads = 0;
  const load = () => loadSettings({ ...KEYS, ...env }, { cwd: directory });
  const initial = load();
  beforeWatching();
  const watch = watchSettings({
    initial,
    load: () => {
      loads += 1;
      return load();
    },
    onChange: (next) => changes.push(next),
    onRefused: (error) => refusals.push(error),
    onMended: () => mended.push(clock.now()),
    clock,
  });
  t.teardown(watch.stop);
  const nextLook = () => clock.advance((clock.next() ?? Number.NaN) - clock.now());
  return { clock, nextLook, watch, directory, changes, refusals, mended, loads: () => loads };
}

/** A configuration whose account `main` has its password in the file of this name. */
export function configWith(passwordFile: string): string {
  return JSON.stringify(fileWith('/providers/main', { providerId: 1, username: 'user', passwordFile }));
}

export const passwordOf = (settings: LoadedSettings | undefined) => settings?.providers.get('main')?.password;

/** Puts another file in the place of one, as careful writers do. */
export function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
