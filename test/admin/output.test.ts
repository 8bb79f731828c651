import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { outputDestination } from '../../src/admin/log-destination.ts';
import { createLogger } from '../../src/admin/logger.ts';
import { startGateway } from '../support/gateway.ts';

t.test('lines of one turn are written together, in order', async (t) => {
  const path = join(t.testdir(), 'log');
  const fd = openSync(path, 'w');
  const output = outputDestination(fd);
  const log = createLogger({ level: 'info', destination: output });
  log.info('one');
  log.info('two');
  t.equal(readFileSync(path, 'utf8'), '', 'not yet');
  output.flush();
  t.strictSame(
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg),
    ['one', 'two'],
  );
  closeSync(fd);
});

t.test('a full disk behind the log costs lines and holds nobody up', async (t) => {
  const fd = openSync('/dev/full', 'w');
  const output = outputDestination(fd);
  output.write('lost\n');
  output.flush();
  closeSync(fd);
  t.pass('it came back');
});

t.test('a reader of the log that goes away ends neither answers nor the program', async (t) => {
  const gateway = await startGateway(t, { DATABASE_URL: `sqlite:${join(t.testdir(), 'gateway.db')}` });
  gateway.stopReading();
  for (let n = 0; n < 3; n += 1) t.equal((await fetch(`${gateway.url}/healthz`)).status, 200);
  t.strictSame(await gateway.end('SIGTERM'), { code: 0, signal: null });
});
