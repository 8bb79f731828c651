import { CACHE } from './filled-once.ts';

/** Environment that keeps the compiled code of a test's programs in the checkout, not in the shared temporary folder. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: `${CACHE}/compiled` } as const;

/**
 * Command and arguments that run a program on this Node as an operator does. Through `NODE_OPTIONS` tap makes every process
 * load hooks that only coverage needs and that cost half as much as a gateway's start; `env` removes that variable.
 */
export function nodeCommand(...args: readonly string[]): [string, string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', process.execPath, ...args]];
}
