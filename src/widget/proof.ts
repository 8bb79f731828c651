import { unless } from './pause.ts';
import { type ChallengeParameters, createSearch, type Solution } from './search.ts';

export type Challenge = { readonly parameters: ChallengeParameters; readonly signature?: string };

/** Milliseconds of work between two breaths of the page; a task of 50 would be felt. */
const SLICE_MS = 6;

/**
 * Solves a challenge: in a worker if asked to and possible, else in slices between which the page goes on.
 *
 * @returns what goes into a lead's `proof`; undefined for an algorithm that we do not know
 * @throws AbortError once the signal fires
 */
export async function prove(challenge: Challenge, worker: boolean, signal: AbortSignal): Promise<string | undefined> {
  const { parameters } = challenge;
  if (parameters.algorithm !== 'SHA-256') return undefined;
  const solution = (worker && (await inWorker(parameters, signal))) || (await inSlices(parameters, signal));
  return btoa(JSON.stringify({ challenge, solution }));
}

async function inSlices(parameters: ChallengeParameters, signal: AbortSignal): Promise<Solution> {
  const search = createSearch(parameters);
  for (;;) {
    const solution = search(SLICE_MS);
    if (solution) return solution;
    await breath();
    signal.throwIfAborted();
  }
}

/** Lets the page do what waits, for no longer than that: a timer would take four milliseconds, and a second in a hidden tab. */
function breath(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/** A page that once let no worker start is not asked again: each time would be another violation. */
let isRefused = false;

/**
 * Undefined where the page's policy allows no such worker. Trying that is a violation which the page's owner may be told of,
 * and no page can be asked beforehand; so it is tried only where the owner says that workers are welcome.
 */
async function inWorker(parameters: ChallengeParameters, signal: AbortSignal): Promise<Solution | undefined> {
  if (isRefused) return undefined;
  const source = `onmessage=({data})=>postMessage((${createSearch})(data)(1e9))`;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  let worker: Worker | undefined;
  try {
    worker = new Worker(trusted(url));
    const running = worker;
    const answer = new Promise<Solution>((resolve, reject) => {
      running.onmessage = ({ data }) => resolve(data);
      running.onerror = reject;
      running.postMessage(parameters);
    });
    return await unless(signal, answer);
  } catch {
    signal.throwIfAborted();
    isRefused = true;
    return undefined;
  } finally {
    worker?.terminate();
    URL.revokeObjectURL(url);
  }
}

type ScriptUrls = { createScriptURL(url: string): string };
type PolicyFactory = { createPolicy(name: string, rules: ScriptUrls): ScriptUrls };

/** A page that lists its policies lets each name be made once. */
let policy: ScriptUrls | undefined;

/** The address in the form that pages with Trusted Types ask for. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  policy ??= trustedTypes?.createPolicy('text-us', { createScriptURL: (given) => given });
  return policy?.createScriptURL(url) ?? url;
}
