import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * The first value that `look` gives other than `undefined`. For what another process does to its files and tells nobody:
 * there is no event to wait for. Rejects, saying what was awaited, when that has not come within `ms`.
 */
export async function eventually<T>(
  awaited: string,
  ms: number,
  look: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const giveUpAt = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() >= giveUpAt) throw new Error(`Not within ${ms} ms: ${awaited}`);
    await pause(LOOK_EVERY_MS);
  }
}
