/**
 * Fills Node's compile cache (NODE_COMPILE_CACHE) while the image is built, so that a start on a read-only root compiles
 * nothing. Node keeps a cache for each uid and reads no other's: run it as the user that the image runs as.
 */
const { NODE_COMPILE_CACHE: folder } = process.env;
if (!folder) throw new Error('NODE_COMPILE_CACHE is not set');

// The lazily loaded parts too: both stores, Redis, and the simulator of the demo.
for (const module of [
  'compose.ts',
  'config/load.ts',
  'config/watch.ts',
  'ops/log.ts',
  'outbox/sqlite/outbox.ts',
  'outbox/postgres/outbox.ts',
  'admission/redis.ts',
  'simulator/server.ts',
  'cli/run.ts',
]) {
  await import(new URL(`../src/${module}`, import.meta.url).href);
}
await import('close-with-grace');
