/** Hash of all parts that are loaded on demand; the build inserts it. */
declare const PARTS_HASH: string;

/** Milliseconds after which a part that has not arrived is requested again. */
const TIMEOUT_MS = 10_000;

export type LoadChunk = typeof loadChunk;

let failures = 0;

/**
 * Loads a part of the script from the origin of the script. A browser never retries the address of a module that failed to load.
 * After a failure the addresses therefore change: they have no hash, which also works after a newer release replaced the files.
 *
 * @throws if the part cannot be loaded now
 */
export async function loadChunk<T>(name: string): Promise<T> {
  try {
    const file = failures ? `v1.${name}.js?${failures}` : `v1.${name}.${PARTS_HASH}.js`;
    return await Promise.race([
      import(new URL(file, import.meta.url).href),
      new Promise<never>((_, reject) => setTimeout(reject, TIMEOUT_MS)),
    ]);
  } catch (error) {
    failures++;
    throw error;
  }
}
