/** Hash of all the parts that are loaded only when they are used; the build puts it in. */
declare const PARTS_HASH: string;

/** Milliseconds after which a part that has not come is asked for anew. */
const TIMEOUT_MS = 10_000;

let failures = 0;

/**
 * Loads a part of the script from where the script came from. A browser never tries the address of a module again that it once
 * failed to load; so from then on addresses are others, without the hash, which is also right after a newer release took its place.
 *
 * @throws where it cannot be had now
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
