import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into the program that `sites.ts` measures: on SIGWINCH it writes the longest stall of the event loop since the last
 * signal to standard error, in milliseconds.
 */
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('SIGWINCH', () => {
  process.stderr.write(`stall ${(delay.max / 1e6).toFixed(1)}\n`);
  delay.reset();
});
