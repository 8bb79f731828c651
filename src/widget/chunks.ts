/** Hash of all the parts that are loaded only when they are used; the build puts it in. */
declare const PARTS_HASH: string;

const failures: Record<string, number> = {};

/**
 * Loads a part of the script from where the script came from. A browser never tries the address of a module again that it once
 * failed to load; so the next try has another one, without the hash, which is also right after a newer release took its place.
 *
 * @throws TypeError where it cannot be had now
 */
export async function loadChunk<T>(name: string): Promise<T> {
  const failed = failures[name] ?? 0;
  try {
    return await import(
      new URL(failed ? `v1.${name}.js?${failed}` : `v1.${name}.${PARTS_HASH}.js`, import.meta.url).href
    );
  } catch (error) {
    failures[name] = failed + 1;
    throw error;
  }
}
