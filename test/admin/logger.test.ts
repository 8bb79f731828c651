import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { createCapLog, createLogger, outputDestination, prettyDestination } from '../../src/admin/logger.ts';
import { StorageUnavailable } from '../../src/domain/ports/outbox.ts';
import { HOUR_MS } from '../../src/lib/clock.ts';
import { startGateway } from '../support/gateway.ts';

t.test('lines of one turn of the event loop are written together, in order', async (t) => {
  const path = join(t.testdir(), 'log');
  const fd = openSync(path, 'w');
  const output = outputDestination(fd);
  const log = createLogger({ level: 'info', destination: output });
  log.info('one');
  log.info('two');
  t.equal(readFileSync(path, 'utf8'), '', 'nothing is written within the turn');
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

const CONTROLS = 'a\u001b[2Jb\u007fc\u009b31md\u202ee\nf';
const ESCAPED = 'a\\u001b[2Jb\\u007fc\\u009b31md\\u202ee\\u000af';

t.test('a text in the log cannot control the terminal that shows it, and its value stays the same', async (t) => {
  const path = join(t.testdir(), 'log');
  const fd = openSync(path, 'w');
  const output = outputDestination(fd);
  createLogger({ level: 'info', destination: output }).info({ origin: CONTROLS }, 'refused');
  output.flush();
  closeSync(fd);
  const written = readFileSync(path, 'utf8');
  t.notMatch(written.trimEnd(), /[\p{Cc}\u202e]/u);
  t.equal(JSON.parse(written).origin, CONTROLS);
});

t.test('the log for a terminal shows control characters escaped', async (t) => {
  const destination = new PassThrough();
  const pretty = await prettyDestination({ colorize: false, destination });
  if (!pretty) throw new Error('pino-pretty is a development dependency');
  createLogger({ level: 'info', destination: pretty }).info({ origin: CONTROLS }, CONTROLS);
  const [shown] = (await once(destination, 'data')) as [Buffer];
  t.ok(shown.toString().includes(`INFO: ${ESCAPED}\n`), shown.toString());
  for (const character of ['\u001b', '\u007f', '\u009b', '\u202e']) t.notOk(shown.toString().includes(character));
});

t.test('a full disk behind the log loses lines and throws no error', async (t) => {
  const fd = openSync('/dev/full', 'w');
  const output = outputDestination(fd);
  output.write('lost\n');
  t.doesNotThrow(() => output.flush());
  t.throws(() => writeSync(fd, 'lost'), { code: 'ENOSPC' }, 'the device really is full');
  closeSync(fd);
});

t.test('a closed pipe behind the log stops neither answers nor the program', async (t) => {
  const gateway = await startGateway(t, { DATABASE_URL: `sqlite:${join(t.testdir(), 'gateway.db')}` });
  gateway.stopReading();
  for (let n = 0; n < 3; n += 1) t.equal((await fetch(`${gateway.url}/healthz`)).status, 200);
  t.strictSame(await gateway.end('SIGTERM'), { code: 0, signal: null });
});

function errorOf(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('No error was thrown.');
}

t.test(
  "a storage fault is logged with SQLite's code and fixed text, and without the message that quotes the statement",
  async (t) => {
    const database = new DatabaseSync(':memory:');
    t.teardown(() => database.close());
    const cause = errorOf(() => database.exec('SELECT * FROM hunter2'));
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
  },
);

t.test('a cap under pressure is logged once an hour for each cap, level and site, without the number', async (t) => {
  let now = 1_000_000;
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
  const write = createCapLog(log, () => now);
  for (let n = 0; n < 3; n += 1) write({ cap: 'site', level: 'reached' }, 'demo', `cnv_${n}`);
  write({ cap: 'site', level: 'near' }, 'demo', 'cnv_3');
  write({ cap: 'phone', level: 'exceeded' }, 'demo');
  write({ cap: 'site', level: 'reached' }, 'other', 'cnv_4');
  now += HOUR_MS;
  write({ cap: 'site', level: 'reached' }, 'demo', 'cnv_5');
  const told = lines.map((line) => {
    const { level, event, cap, pressure, site, conversation } = JSON.parse(line);
    return [level, event, cap, pressure, site, conversation];
  });
  t.strictSame(told, [
    ['error', 'cap_pressure', 'site', 'reached', 'demo', 'cnv_0'],
    ['warn', 'cap_pressure', 'site', 'near', 'demo', 'cnv_3'],
    ['warn', 'cap_pressure', 'phone', 'exceeded', 'demo', undefined],
    ['error', 'cap_pressure', 'site', 'reached', 'other', 'cnv_4'],
    ['error', 'cap_pressure', 'site', 'reached', 'demo', 'cnv_5'],
  ]);
});
