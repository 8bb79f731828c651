import { CACHE } from './filled-once.ts';

/**
 * Command and arguments that run a program on this Node as an operator does. By `NODE_OPTIONS` tap has every process load
 * hooks that only coverage needs and that cost more than half of what a gateway's start does; `env` takes that out again.
 * Compiled code is kept in the checkout instead of the shared temporary folder.
 */
export function nodeCommand(...args: readonly string[]): [string, string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', `NODE_COMPILE_CACHE=${CACHE}/compiled`, process.execPath, ...args]];
}
