import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * The first value of `look` that is not `undefined`. For changes that another process makes without any event,
 * so that polling is the only way. Rejects after `ms` with a message that names what was awaited.
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
