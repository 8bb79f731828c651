import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Site } from '../domain/site.ts';
import { type LoadedSettings, loadSettings } from './load.ts';
import { ConfigurationError, type Problem } from './problem.ts';

/** A configuration file of this size is read in milliseconds, and so by the thread that answers requests. */
const SMALL_BYTES = 256 * 1024;
/** Sites in one message of the thread: few enough that taking them over takes a few milliseconds. */
const CHUNK = 100;
/** Of the thread's heap, in MiB. Node's own default is several times as much. */
const YOUNG_MIB = 16;

/** What the thread sends, one message for each request: sites, then the other settings, or the mistakes instead. */
export type Part =
  | { readonly sites: readonly (readonly [key: string, site: Site])[] }
  | { readonly rest: Omit<LoadedSettings, 'sites'> }
  | { readonly problems: readonly Problem[]; readonly files: readonly string[]; readonly more: number }
  | { readonly fault: string };

/**
 * Reads the settings anew beside a running gateway. A large file is parsed and checked by another thread, and comes in parts, so
 * that the event loop never stands still for longer than one part takes. A site that did not change stays the same object.
 *
 * @param current the settings in use
 */
export function createReloader(
  env: NodeJS.ProcessEnv,
  current: () => LoadedSettings,
  smallBytes = SMALL_BYTES,
): () => LoadedSettings | Promise<LoadedSettings> {
  return () => (sizeOf(env.CONFIG_FILE) <= smallBytes ? loadSettings(env) : loadApart(env, current()));
}

function sizeOf(file: string | undefined): number {
  try {
    return file === undefined ? 0 : statSync(file).size;
  } catch {
    return 0;
  }
}

async function loadApart(env: NodeJS.ProcessEnv, current: LoadedSettings): Promise<LoadedSettings> {
  const worker = new Worker(new URL('./background-worker.ts', import.meta.url), {
    workerData: { env: { ...env } },
    // The memory of a thread stays with the process after its end, so a short-lived thread gets little room for garbage.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  const failed = new Promise<never>((_resolve, reject) => worker.once('error', reject));
  failed.catch(() => undefined);
  const next = async (): Promise<Part> => {
    const arrived = new Promise<Part>((resolve) => worker.once('message', resolve));
    worker.postMessage('next');
    return Promise.race([arrived, failed]);
  };
  try {
    const sites = new Map<string, Site>();
    for (;;) {
      const part = await next();
      if ('fault' in part) throw new Error(part.fault);
      if ('problems' in part) throw new ConfigurationError(part.problems, part.files, part.more);
      if ('rest' in part) return Object.freeze({ ...withBuffers(part.rest), sites });
      for (const [key, site] of part.sites) {
        const before = current.sites.get(key);
        sites.set(key, before !== undefined && isDeepStrictEqual(before, site) ? before : site);
      }
    }
  } finally {
    await worker.terminate();
  }
}

/** A copy from another thread has plain byte arrays where there were buffers. */
export function withBuffers<T>(value: T): T {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength) as T;
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, withBuffers(item)])) as T;
  if (Array.isArray(value)) return Object.freeze(value.map(withBuffers)) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withBuffers(item)]))) as T;
}

/** The parts of the settings that the thread sends. */
export function* partsOf(env: NodeJS.ProcessEnv): Generator<Part> {
  try {
    const { sites, ...rest } = loadSettings(env);
    let chunk: (readonly [string, Site])[] = [];
    for (const entry of sites) {
      chunk.push(entry);
      if (chunk.length === CHUNK) {
        yield { sites: chunk };
        chunk = [];
      }
    }
    yield { sites: chunk };
    yield { rest };
  } catch (error) {
    if (error instanceof ConfigurationError) yield { problems: error.problems, files: error.files, more: error.more };
    else yield { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
