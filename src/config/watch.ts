import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../lib/clock.ts';
import type { LoadedSettings } from './load.ts';
import { ConfigurationError } from './problem.ts';

/** Between two looks at the files. */
const LOOK_MS = 1_000;
/** A file that was still changing this long ago may be half written. */
const SETTLE_MS = 200;

type States = ReadonlyMap<string, string>;

export type Reload = 'changed' | 'unchanged' | 'refused';

export type SettingsWatch = {
  /** Reads everything anew at once, as SIGHUP asks for. */
  reload(): Reload;
  stop(): void;
};

/**
 * Reads the settings anew when one of the files changes that they were read from: by its content, by another file in its
 * place, or by a swapped symbolic link on the way to it, as Kubernetes replaces secrets. Files are polled, since such a swap
 * is no event on the file itself.
 *
 * @param parts `load` reads settings, of which `initial` were the first; `onChange` is given settings that differ from the
 *   last ones; `onRefused` gets every mistake of settings that are not sound, and the last ones stay
 */
export function watchSettings(parts: {
  readonly initial: LoadedSettings;
  readonly load: () => LoadedSettings;
  readonly onChange: (next: LoadedSettings) => void;
  readonly onRefused: (error: ConfigurationError) => void;
  readonly clock: Clock;
}): SettingsWatch {
  const { load, onChange, onRefused, clock } = parts;
  let last = parts.initial;
  let files = last.files;
  // States of the files before they were last read. A file that is not among them is read once more when it is first seen,
  // since it may have changed between being read and being looked at: all files at first, later those newly named.
  let read: States = new Map();
  let refused: ConfigurationError | undefined;
  let cancel = clock.after(LOOK_MS, () => look(read));

  function look(before: States): void {
    const seen = states(files);
    if (!isDeepStrictEqual(seen, before)) {
      cancel = clock.after(SETTLE_MS, () => look(seen));
      return;
    }
    cancel = clock.after(LOOK_MS, () => look(read));
    if (isDeepStrictEqual(seen, read)) return;
    const onlyFirstSeen = [...seen].every(([file, state]) => state === (read.get(file) ?? state));
    reload(seen, onlyFirstSeen);
  }

  function reload(seen: States, onlyFirstSeen: boolean): Reload {
    read = seen;
    try {
      const next = load();
      files = next.files;
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
    stop: () => cancel(),
  };
}

function states(files: readonly string[]): States {
  return new Map(files.map((file) => [file, stateOf(file)]));
}

/** What tells a file from its former self, found behind symbolic links; empty where there is none. */
function stateOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return '';
  }
}
