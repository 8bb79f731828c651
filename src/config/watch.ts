import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../lib/clock.ts';
import type { LoadedSettings } from './load.ts';
import { ConfigurationError } from './problem.ts';

/** Interval between two checks of the files. */
const LOOK_MS = 1_000;
/** A file that changed within this time may be half written. */
const SETTLE_MS = 200;

type States = ReadonlyMap<string, string>;

export type Reload = 'changed' | 'unchanged' | 'refused';

export type SettingsWatch = {
  /** Reads everything anew at once, as SIGHUP asks for. */
  reload(): Promise<Reload>;
  stop(): void;
};

/**
 * Reloads the settings when one of their files changes: by its content, by a replacing file, or by a swapped symbolic link on
 * its path, as Kubernetes replaces secrets. Files are polled, because such a swap raises no event on the file itself.
 *
 * @param parts `initial` are the settings in use and `load` reads them again, and throws nothing but ConfigurationError; `onChange` receives settings that differ from
 *   the last ones; `onRefused` receives the mistakes of invalid settings, and the last valid ones stay in use; `onMended` is
 *   called when settings are valid again after they were refused, whether they differ from those in use or not
 */
export function watchSettings(parts: {
  readonly initial: LoadedSettings;
  readonly load: () => LoadedSettings | Promise<LoadedSettings>;
  readonly onChange: (next: LoadedSettings) => void;
  readonly onRefused: (error: ConfigurationError) => void;
  readonly onMended: () => void;
  readonly clock: Clock;
}): SettingsWatch {
  const { load, onChange, onRefused, onMended, clock } = parts;
  let last = parts.initial;
  let files = last.files;
  // States of the files as of the last load. A file without a state is loaded once more when it is first seen, because it may
  // have changed between the load and the check: at first all files, later those that the configuration newly names.
  let read: States = new Map();
  let refused: ConfigurationError | undefined;
  let stopped = false;
  let loading: Promise<Reload> | undefined;
  let cancel = clock.after(LOOK_MS, () => look(read));

  function look(before: States): void {
    const seen = states(files);
    if (!isDeepStrictEqual(seen, before)) {
      cancel = clock.after(SETTLE_MS, () => look(seen));
      return;
    }
    cancel = clock.after(LOOK_MS, () => look(read));
    // A change during a load is found by a later look.
    if (loading || isDeepStrictEqual(seen, read)) return;
    const onlyFirstSeen = [...seen].every(([file, state]) => state === (read.get(file) ?? state));
    void reload(seen, onlyFirstSeen);
  }

  /** One load at a time: a large file is read while the program goes on. */
  function reload(seen: States, onlyFirstSeen: boolean): Promise<Reload> {
    const after = loading?.then(() => undefined);
    const started = after ? after.then(() => loadOnce(states(files), false)) : loadOnce(seen, onlyFirstSeen);
    const tracked = started.finally(() => {
      if (loading === tracked) loading = undefined;
    });
    loading = tracked;
    return tracked;
  }

  async function loadOnce(seen: States, onlyFirstSeen: boolean): Promise<Reload> {
    read = seen;
    try {
      const next = await load();
      if (stopped) return 'unchanged';
      files = next.files;
      if (refused !== undefined) onMended();
      refused = undefined;
      if (isDeepStrictEqual(next, last)) return 'unchanged';
      last = next;
      onChange(next);
      return 'changed';
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      files = [...new Set([...last.files, ...error.files])];
      const known = onlyFirstSeen && isDeepStrictEqual(error.problems, refused?.problems);
      refused = error;
      if (!known) onRefused(error);
      return 'refused';
    }
  }

  return {
    reload: () => reload(states(files), false),
    stop() {
      stopped = true;
      cancel();
    },
  };
}

function states(files: readonly string[]): States {
  return new Map(files.map((file) => [file, stateOf(file)]));
}

/** Identifies a version of a file, following symbolic links; empty if there is no file. */
function stateOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return '';
  }
}
