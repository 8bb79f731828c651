import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { createLogger } from '../../src/admin/log.ts';
import { StorageUnavailable } from '../../src/domain/ports/outbox.ts';

function faultOf(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('It went well.');
}

t.test("a fault of the storage is logged with the engine's own reason and without its message", async (t) => {
  const database = new DatabaseSync(':memory:');
  t.teardown(() => database.close());
  const cause = faultOf(() => database.exec('SELECT * FROM hunter2'));
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
  log.error({ err: new StorageUnavailable('The storage did not take the write.', { cause }) }, 'worker fault');
  t.match(JSON.parse(lines.join('')), {
    err: {
      type: 'StorageUnavailable',
      message: 'The storage did not take the write.',
      cause: { code: 'ERR_SQLITE_ERROR', errstr: 'SQL logic error' },
    },
  });
  t.notMatch(lines.join(''), 'hunter2');
});
