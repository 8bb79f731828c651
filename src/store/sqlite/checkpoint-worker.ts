import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

/** The thread of the checkpointer in `database-file.ts`. Each message asks for one checkpoint and is answered with one message; `null` ends it. */
const file = pathToFileURL(workerData as string);
// A file that was moved away must not be created anew.
file.searchParams.set('mode', 'rw');
const database = new DatabaseSync(file, { timeout: 0 });
// A passive checkpoint waits for no other connection, and no other connection waits for it.
const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');

parentPort?.on('message', (message: unknown) => {
  if (message === null) {
    database.close();
    parentPort?.close();
    return;
  }
  try {
    checkpoint.get();
  } catch {
    // The log keeps the commits, and the connection that writes copies them itself when the log has grown further.
  }
  parentPort?.postMessage('done');
});
