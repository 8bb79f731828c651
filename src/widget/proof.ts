import type { unless as Unless } from './pause.ts';
import { type ChallengeParameters, createSearch, type Solution } from './search.ts';

export type Challenge = { readonly parameters: ChallengeParameters; readonly signature?: string };

/** Milliseconds of work between two pauses; users notice a task of 50 ms. */
const SLICE_MS = 6;

/**
 * Solves a challenge, in a worker if asked to and possible, else in slices with pauses for the page.
 *
 * @param unless passed in, because the first file has it
 * @returns challenge and solution, which are the `proof` of the lead; undefined for an unknown algorithm
 * @throws AbortError once the signal fires
 */
export async function prove(
  challenge: Challenge,
  worker: boolean,
  signal: AbortSignal,
  unless: typeof Unless,
): Promise<object | undefined> {
  const { parameters } = challenge;
  if (parameters.algorithm !== 'SHA-256') return undefined;
  const solution = (worker && (await inWorker(parameters, signal, unless))) || (await inSlices(parameters, signal));
  return { challenge, solution };
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

/** Lets the page run its waiting tasks. A timer would wait at least four milliseconds, and one second in a hidden tab. */
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

/** After one failed start no further worker is tried, because each attempt would be another reported violation. */
let isRefused = false;

/**
 * Gives `undefined` if the page's policy forbids such a worker. The attempt alone may be reported to the page's owner as a violation,
 * and the policy cannot be read beforehand, so a worker is tried only if the page asks for one.
 */
async function inWorker(
  parameters: ChallengeParameters,
  signal: AbortSignal,
  unless: typeof Unless,
): Promise<Solution | undefined> {
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

/** A page that lists its Trusted Types policies lets a script create each name only once. */
let policy: ScriptUrls | undefined;

/** Converts the address to the type that pages with Trusted Types require. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  policy ??= trustedTypes?.createPolicy('text-us', { createScriptURL: (given) => given });
  return policy?.createScriptURL(url) ?? url;
}
