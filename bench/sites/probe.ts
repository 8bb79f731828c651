/**
 * Loaded into the program that `bench:sites` measures: on SIGWINCH it writes the longest stall of the event loop since the last
 * signal to standard error, in milliseconds. A stall is the CPU time of the main thread between two timers: other programs on the
 * machine, which would make a stall look longer, are not counted.
 */
let longest = 0;
let before = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(before);
  before = process.threadCpuUsage();
  longest = Math.max(longest, (user + system) / 1_000);
}, 1).unref();
process.on('SIGWINCH', () => {
  process.stderr.write(`stall ${longest.toFixed(1)}\n`);
  longest = 0;
});
